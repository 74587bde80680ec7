# SPDX-License-Identifier: Apache-2.0
"""Searches for inputs that violate the invariants.

    python -m tests.fuzz [--of config|lint|phases] [--runs N] [--seconds N] [--seed N] [--found FOLDER]

Guided by coverage if atheris is installed. An input that violates an invariant is written to the folder,
and the exit status is not 0. Inputs that reach new code are saved there too, and the next run starts from
them. With `phases` each run is a random machine: see `phases.py`.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.fuzz import mutation

# Short inputs are fast; tests/unit/config/test_fuzz.py has long ones.
LONGEST = 8192
FOUND = Path("build/fuzz")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--of", choices=("config", "lint", "phases"), default="config")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=0, help="time limit; 0: none")
    parser.add_argument("--seed", type=int, default=0, help="0: a new one for each run")
    parser.add_argument("--found", type=Path, default=FOUND, metavar="FOLDER")
    options = parser.parse_args()
    options.found.mkdir(parents=True, exist_ok=True)
    seed = options.seed or time.time_ns() % (1 << 31)
    if options.of == "phases":
        from tests.fuzz import phases

        return phases.look(options.runs, options.seconds, seed, options.found.absolute())
    if importlib.util.find_spec("atheris") is not None:
        return _guided(options.of, options.runs, options.seconds, seed, options.found)
    print("atheris is not installed: running without coverage guidance")
    return _blind(options.of, options.runs, options.seconds, seed, options.found)


def _invariants(of: str) -> Callable[[bytes], object]:
    """The check to run on each input."""
    if of == "lint":
        from tests.fuzz.lint_invariants import hold as hold_in_lint

        return hold_in_lint
    from tests.fuzz.invariants import hold

    return hold


def _guided(of: str, runs: int, seconds: int, seed: int, found: Path) -> int:
    """Runs atheris, which may end the process itself."""
    import atheris

    watched = ["ignition.config", "ignition.lint"]
    with atheris.instrument_imports(include=watched, enable_loader_override=False):
        hold = _invariants(of)

    seeds = list(mutation.corpus().values())

    def one(data: bytes) -> None:
        hold(data)

    def mutate(data: bytes, longest: int, number: int) -> bytes:
        rng = Random(number)
        if rng.random() < 0.5:
            made: bytes = atheris.Mutate(data, longest)
        else:
            made = mutation.mutated(rng, data, seeds)
        return made[:longest]

    words = [f"-runs={runs}", f"-max_total_time={seconds}", f"-seed={seed}", "-timeout=20"]
    words += [f"-max_len={LONGEST}", f"-artifact_prefix={found}/broken-", "-print_final_stats=1"]
    corpus = found / of
    corpus.mkdir(exist_ok=True)
    atheris.Setup(
        [sys.argv[0], *words, str(corpus), str(mutation.CORPUS)], one, custom_mutator=mutate
    )
    atheris.Fuzz()
    return 0


def _blind(of: str, runs: int, seconds: int, seed: int, found: Path) -> int:
    hold = _invariants(of)
    rng = Random(seed)
    seeds = list(mutation.corpus().values())
    end = time.monotonic() + seconds if seconds else float("inf")
    done = 0
    for done in range(1, runs + 1):
        data = mutation.mutated(rng, rng.choice(seeds), seeds)[:LONGEST]
        if not _holds(hold, data):
            (found / f"broken-{done}").write_bytes(data)
            return 1
        if time.monotonic() > end:
            break
    print(f"Done {done} runs, seed {seed}")
    return 0


def _holds(hold: Callable[[bytes], object], data: bytes) -> bool:
    import traceback

    try:
        hold(data)
    except Exception:
        traceback.print_exc()
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
