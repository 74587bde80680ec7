# SPDX-License-Identifier: Apache-2.0
"""Whole processes, timed from outside and compared within one run.

Times on a shared machine drift by a third from one minute to the next: two things are run in turn, and what
counts is the median of the ratios of the pairs.
"""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engines import INTERPRETER

# Peak memory of a child counts what its parent was before exec, so that what starts the commands must be
# smaller than any of them: an interpreter with nothing in it. One command a line, its words apart by tabs.
_LAUNCHER = """
import posix, sys, time
null = [(posix.POSIX_SPAWN_OPEN, n, "/dev/null", posix.O_RDWR, 0) for n in (0, 1, 2)]
wall = cpu = peak = 0
for line in sys.stdin.read().splitlines():
    words = line.split("\\t")
    begin = time.perf_counter()
    child = posix.posix_spawn(words[0], words, posix.environ, file_actions=null)
    _, status, used = posix.wait4(child, 0)
    wall += time.perf_counter() - begin
    cpu += used.ru_utime + used.ru_stime
    peak = max(peak, used.ru_maxrss)
    if status:
        sys.exit(f"{line!r} ended with {posix.waitstatus_to_exitcode(status)}")
print(wall, cpu, peak)
"""

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Cost:
    """Of some commands, one after another: seconds of wall and of CPU in all, MiB of the greediest."""

    wall: float
    cpu: float
    peak: float


def cost(commands: Sequence[Command]) -> Cost:
    """Runs commands one after another. RuntimeError if one fails."""
    lines = "\n".join("\t".join(map(str, command)) for command in commands)
    words = [str(INTERPRETER), "-I", "-S", "-c", _LAUNCHER]
    done = subprocess.run(words, input=lines, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    wall, cpu, peak = map(float, done.stdout.split())
    return Cost(wall, cpu, peak / 1024)


@dataclass(frozen=True)
class Pair:
    """Medians of both sides, and of the ratios of their wall times, pair by pair."""

    ours: Cost
    theirs: Cost
    ratio: float


def compare(
    ours: Sequence[Command],
    theirs: Sequence[Command],
    rounds: int,
    before: Callable[[], None] = lambda: None,
) -> Pair:
    """Runs both in turn, after once each for warmth; `before` is called before each round."""
    pairs = []
    for _ in range(rounds + 1):
        before()
        pairs.append((cost(ours), cost(theirs)))
    del pairs[0]
    ratio = statistics.median(one.wall / other.wall for one, other in pairs)
    return Pair(median([one for one, _ in pairs]), median([other for _, other in pairs]), ratio)


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        statistics.median(each.wall for each in costs),
        statistics.median(each.cpu for each in costs),
        statistics.median(each.peak for each in costs),
    )
