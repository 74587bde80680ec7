# SPDX-License-Identifier: Apache-2.0
"""What it costs to read texts of all shapes: memory beside their size, time beside that of a quarter."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import shapes
from benchmarks.engines import INTERPRETER
from benchmarks.measure import Command
from benchmarks.table import Row, milliseconds

CHECKOUT = Path(__file__).parents[1]
SMALL, FACTOR = 64 << 10, 4
# The most that a program may take: this much for each byte of the text, and this much in any case.
TIMES, ALWAYS = 8, 32 << 20
# Of a text four times as long; what starts the program is taken off.
MOST_GROWTH = 7.0
# Below this, in seconds, a ratio of times says nothing.
_SHORT = 0.05

# Peak memory of a child counts what its parent was before exec: so the parent has nothing in it.
_LAUNCHER = """
import os, posix, resource, sys
words = sys.argv[1:]
null = [(posix.POSIX_SPAWN_OPEN, n, "/dev/null", posix.O_RDWR, 0) for n in (0, 1, 2)]
child = posix.posix_spawn(words[0], words, posix.environ, file_actions=null)
_, status, used = posix.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
"""
_PROGRAM = "import sys; from ignition.__main__ import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True)
class Cost:
    """Of one program on one text: its exit status, seconds of CPU, bytes at its peak."""

    status: int
    cpu: float
    peak: int


def programs(shape: str) -> dict[str, Command]:
    """What is run on a text of this shape: the validator, and for configs in configs all that opens them."""
    start = (INTERPRETER, "-c", _PROGRAM)
    found: dict[str, Command] = {"validate": (*start, "ignition-validate")}
    if shape in shapes.OPENED:
        found["render"] = (*start, "ignition", "render", "--offline")
        found["lint"] = (*start, "ignition", "lint")
    return found


def cost(command: Command, text: Path) -> Cost:
    """Runs a program on a text. RuntimeError if it crashes: a config that is refused is no crash."""
    words = [INTERPRETER, "-I", "-S", "-c", _LAUNCHER, *command, text]
    done = subprocess.run(words, capture_output=True, text=True, cwd=CHECKOUT, check=True)
    status, cpu, peak = done.stdout.split()
    if int(status) not in (0, 1):
        raise RuntimeError(f"{command[-1]} ended with {status} on {text}")
    return Cost(int(status), float(cpu), int(peak))


def rows(folder: Path) -> Iterator[Row]:
    """Two figures for each shape and program: memory, and growth of time."""
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
            yield Row(
                f"{what}, memory", share(large.peak, many), 1, [f"{large.peak / (1 << 20):.0f} MiB"]
            )
            grown = (large.cpu - start) / max(small.cpu - start, _SHORT)
            times = [milliseconds(large.cpu), milliseconds(small.cpu)]
            yield Row(f"{what}, time", grown, MOST_GROWTH, times)


def share(peak: int, text: Path) -> float:
    """How much of the memory that it may take for this text a program took."""
    return peak / (TIMES * text.stat().st_size + ALWAYS)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
