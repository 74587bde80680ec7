# SPDX-License-Identifier: Apache-2.0
"""Looks for a text that breaks the invariants.

    python -m tests.fuzz [--of config|lint|phases] [--runs N] [--seconds N] [--seed N] [--found FOLDER]

Guided by coverage where atheris is installed, and else by nothing but the seeds. A text that breaks an
invariant is written to the folder; the exit status is then not 0. Texts that reached something new are kept
there too, and the next run begins with them. With `phases` each run is a random machine: see `phases.py`.
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

# Larger texts are for tests/unit/config/test_fuzz.py, which multiplies parts: here speed counts.
LONGEST = 8192
FOUND = Path("build/fuzz")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--of", choices=("config", "lint", "phases"), default="config")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=0, help="stop after so long, 0: never")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--found", type=Path, default=FOUND, metavar="FOLDER")
    options = parser.parse_args()
    options.found.mkdir(parents=True, exist_ok=True)
    seed = options.seed or time.time_ns() % (1 << 31)
    if options.of == "phases":
        from tests.fuzz import phases

        return phases.look(options.runs, options.seconds, seed, options.found.absolute())
    if importlib.util.find_spec("atheris") is not None:
        return _guided(options.of, options.runs, options.seconds, seed, options.found)
    print("atheris is not installed: not guided by coverage")
    return _blind(options.of, options.runs, options.seconds, seed, options.found)


def _invariants(of: str) -> Callable[[bytes], object]:
    """What must hold for each text."""
    if of == "lint":
        from tests.fuzz.lint_invariants import hold as hold_in_lint

        return hold_in_lint
    from tests.fuzz.invariants import hold

    return hold


def _guided(of: str, runs: int, seconds: int, seed: int, found: Path) -> int:
    """Does not return when the fuzzer itself ends the process."""
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
