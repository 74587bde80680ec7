# SPDX-License-Identifier: Apache-2.0
"""Memory and time for configs of all shapes:

memory per byte, and growth of time for a config four times as long.
"""

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
# Memory limit of a program: so many bytes per byte of the config, plus a constant.
PER_BYTE, CONSTANT = 8, 32 << 20
# Maximum ratio of CPU times for a config four times as long, without the time to start.
MOST_GROWTH = 7.0
# Shorter times, in seconds, are noise.
_SHORT = 0.05

# The peak memory of a child includes its parent before exec, so the parent must be small.
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
    """One run of a program: exit status, CPU seconds, peak memory in bytes."""

    status: int
    cpu: float
    peak: int


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
    words = [INTERPRETER, "-I", "-S", "-c", _LAUNCHER, *command, text]
    done = subprocess.run(words, capture_output=True, text=True, cwd=CHECKOUT, check=True)
    status, cpu, peak = done.stdout.split()
    if int(status) not in (0, 1):
        raise RuntimeError(f"{command[-1]} ended with {status} on {text}")
    return Cost(int(status), float(cpu), int(peak))


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
            yield Row(
                f"{what}, memory", share(large.peak, many), 1, [f"{large.peak / (1 << 20):.0f} MiB"]
            )
            grown = (large.cpu - start) / max(small.cpu - start, _SHORT)
            times = [milliseconds(large.cpu), milliseconds(small.cpu)]
            yield Row(f"{what}, time", grown, MOST_GROWTH, times)


def share(peak: int, text: Path) -> float:
    """Peak memory as a fraction of the limit for this config."""
    return peak / (PER_BYTE * text.stat().st_size + CONSTANT)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
