# SPDX-License-Identifier: Apache-2.0
"""Memory per byte of config, and growth of time for a config four times as long, for all shapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import measure, shapes
from benchmarks.engines import INTERPRETER
from benchmarks.measure import Command, Cost
from benchmarks.table import Row, milliseconds

SMALL, FACTOR = 64 << 10, 4
# Memory limit of a program: so many bytes per byte of the config, plus a constant in MiB.
PER_BYTE, CONSTANT = 8, 32
# Maximum ratio of CPU times for a config four times as long, without the time to start.
MOST_GROWTH = 7.0
# Shorter times, in seconds, are noise.
_SHORT = 0.05

_PROGRAM = "import sys; from ignition.__main__ import main; sys.exit(main(sys.argv[1:]))"


def programs(shape: str) -> dict[str, Command]:
    """The programs for a shape: the validator, and for nested configs those that open them."""
    start = (INTERPRETER, "-c", _PROGRAM)
    found: dict[str, Command] = {"validate": (*start, "ignition-validate")}
    if shape in shapes.OPENED:
        found["render"] = (*start, "ignition", "render", "--offline")
        found["lint"] = (*start, "ignition", "lint")
    return found


def cost(command: Command, text: Path) -> Cost:
    """Runs a program on a config. RuntimeError if it crashes; refusing the config is fine."""
    return measure.cost([[*command, text]], statuses=(0, 1))


def rows(folder: Path) -> Iterator[Row]:
    """Memory and growth of time for each shape and program."""
    empty = _written(folder / "empty.ign", b"{}")
    idle: dict[str, float] = {}
    for name, make in shapes.shapes():
        few = _written(folder / "few.ign", make(SMALL))
        many = _written(folder / "many.ign", make(SMALL * FACTOR))
        for program, command in programs(name).items():
            if program not in idle:
                idle[program] = cost(command, empty).cpu
            start = idle[program]
            small, large = cost(command, few), cost(command, many)
            what = f"{program}: {name}"
            yield Row(f"{what}, memory", share(large.peak, many), 1, [f"{large.peak:.0f} MiB"])
            grown = (large.cpu - start) / max(small.cpu - start, _SHORT)
            times = [milliseconds(large.cpu), milliseconds(small.cpu)]
            yield Row(f"{what}, time", grown, MOST_GROWTH, times)


def share(peak: float, text: Path) -> float:
    """Peak memory, in MiB, as a fraction of the limit for this config."""
    return peak / (PER_BYTE * text.stat().st_size / (1 << 20) + CONSTANT)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
