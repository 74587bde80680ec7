# SPDX-License-Identifier: Apache-2.0
"""Complete first boots: each engine in turn provisions an empty root on a tmpfs.

A round runs all phases that the engine's units would start, in one process each.
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

# Goals, estimated against a later release of Ignition and without SELinux labels: see docs/architecture.md,
# "The boot path is lean". Against 2.14 and with labels 0.55, 0.27 and 0.15 are reached. For 10,000 files a
# third of the time is spent in the kernel, a fifth on parsing and validating the config.
MOST = {"tiny": 0.75, "units-1000": 0.2, "files-10000": 0.1}


def rows(folder: Path, rounds: int, ours: Engine, peer: Engine | None) -> Iterator[Row]:
    """The median time of each load, and its ratio to Ignition's if that is available."""
    engines = [ours] if peer is None else [ours, peer]
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
            f"first boot, {load}, ours / Ignition",
            statistics.median(ratios) if ratios else None,
            MOST[load],
            [milliseconds(statistics.median(each)) for each in times.values()],
        )


def _time(engine: Engine, config: Path) -> float:
    folder = config.parent / "boot"
    folder.mkdir()
    os.sync()  # our engine ends with a sync, which must not wait for data of others
    begin = time.perf_counter()
    engine.provision(config, folder)
    seconds = time.perf_counter() - begin
    shutil.rmtree(folder)
    return seconds
