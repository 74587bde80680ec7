# SPDX-License-Identifier: Apache-2.0
"""Compares the project's programs with Ignition's, and with an interpreter that does nothing.

    python -m benchmarks [--rounds N] [boots|phases|disks|configs|fetch|schemes|shapes ...]

Each ratio is the median over pairs of runs; it is stable even if the times are not. IGNITION_PEER and
IGNITION_VALIDATE_PEER are the paths of Ignition's programs.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import boots, configs, disks, engines, fetching, growth, phases, schemes
from benchmarks.engines import installed, ours, peer_engine
from benchmarks.table import Row
from tests.support import peer

MEMORY = Path("/dev/shm")
GROUPS = ("boots", "phases", "disks", "configs", "fetch", "schemes")
# Takes ten minutes and compares with nothing, so it runs only by name.
EXTRA = "shapes"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join((*GROUPS, EXTRA)))
    options = parser.parse_args()
    if unknown := set(options.groups) - {*GROUPS, EXTRA}:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as scratch:
        for row in _rows(options.groups or GROUPS, Path(scratch), options.rounds):
            print(row, flush=True)


def _rows(groups: Sequence[str], folder: Path, rounds: int) -> Iterator[Row]:
    if groups == [EXTRA]:
        yield from growth.rows(folder)
        return
    engine, other = ours(folder), peer_engine(folder)
    program = installed(folder / "installed")
    for group in groups:
        own = folder / group
        own.mkdir()
        if group == "boots":
            yield from boots.rows(own, rounds, engine, other)
        elif group == "phases":
            yield from phases.rows(own, rounds, engine, program, other)
        elif group == "disks":
            yield from disks.rows(rounds)
        elif group == "fetch":
            # Ignition needs 4 to 13 s per run
            fetcher = engines.fetching(folder / "fetching")
            yield from fetching.rows(own, max(1, rounds // 2), fetcher, other)
        elif group == EXTRA:
            yield from growth.rows(own)
        elif group == "schemes":
            yield from schemes.rows(own, rounds)
        else:
            yield from configs.rows(own, rounds, program, peer.validator())


if __name__ == "__main__":
    main()
