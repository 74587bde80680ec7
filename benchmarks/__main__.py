# SPDX-License-Identifier: Apache-2.0
"""Provisions an empty root in memory again and again, with each engine in turn, and prints medians.

    python -m benchmarks [--rounds N] [LOAD...]

Each round is a whole first boot: all phases that the engine's units would start, one process each.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.engines import Engine, original, ours
from benchmarks.loads import LOADS

MEMORY = Path("/dev/shm")


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=", ".join(LOADS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as scratch:
        folder = Path(scratch)
        engines = [engine for engine in (ours(folder), original(folder)) if engine is not None]
        print(f"wall time of all phases of a first boot, median of {options.rounds} rounds")
        for load in options.loads or LOADS:
            config = folder / "config.ign"
            config.write_text(json.dumps(LOADS[load]))
            print(f"{load:<12}  {_row(engines, config, options.rounds)}", flush=True)


def _row(engines: list[Engine], config: Path, rounds: int) -> str:
    times: dict[str, list[float]] = {engine.name: [] for engine in engines}
    for _ in range(rounds):
        for engine in engines:
            times[engine.name].append(_time(engine, config))
    medians = {name: statistics.median(values) for name, values in times.items()}
    cells = [f"{name} {seconds * 1000:6.0f} ms" for name, seconds in medians.items()]
    if "original" in medians:
        cells.append(f"ratio {medians['ours'] / medians['original']:.2f}")
    return "   ".join(cells)


def _time(engine: Engine, config: Path) -> float:
    folder = config.parent / "boot"
    folder.mkdir()
    begin = time.perf_counter()
    engine.provision(config, folder)
    seconds = time.perf_counter() - begin
    shutil.rmtree(folder)
    return seconds


if __name__ == "__main__":
    main()
