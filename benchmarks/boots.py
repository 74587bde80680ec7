# SPDX-License-Identifier: Apache-2.0
"""Whole first boots: an empty root in memory is provisioned again and again, with each engine in turn.

Each round is all phases that the engine's units would start, one process each.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.engines import Engine
from benchmarks.loads import LOADS
from benchmarks.table import Row, milliseconds

# What was reachable for a full engine in good style: docs/architecture.md, "The boot path is lean". It was
# estimated beside a later release and without labels. Beside 2.14 and with them, 0.55, 0.27 and 0.15 are met:
# of 10,000 files a third of the time is the kernel's, a fifth reading and checking the config.
MOST = {"tiny": 0.75, "units-1000": 0.2, "files-10000": 0.1}


def rows(folder: Path, rounds: int, ours: Engine, original: Engine | None) -> Iterator[Row]:
    """The median of each load, beside Ignition's if this machine has it."""
    engines = [ours] if original is None else [ours, original]
    for load, config in LOADS.items():
        path = folder / "config.ign"
        path.write_text(json.dumps(config))
        times: dict[str, list[float]] = {engine.name: [] for engine in engines}
        for _ in range(rounds):
            for engine in engines:
                times[engine.name].append(_time(engine, path))
        pairs = zip(*times.values(), strict=True)
        ratios = [pair[0] / pair[1] for pair in pairs if len(pair) > 1]
        yield Row(
            f"first boot, {load}, ours / original",
            statistics.median(ratios) if ratios else None,
            MOST[load],
            [milliseconds(statistics.median(each)) for each in times.values()],
        )


def _time(engine: Engine, config: Path) -> float:
    folder = config.parent / "boot"
    folder.mkdir()
    os.sync()  # ours ends with one, which must not wait for what others have written
    begin = time.perf_counter()
    engine.provision(config, folder)
    seconds = time.perf_counter() - begin
    shutil.rmtree(folder)
    return seconds
