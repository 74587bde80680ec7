# SPDX-License-Identifier: Apache-2.0
"""Measures processes from outside, in pairs.

On a shared machine times drift by a third within a minute. So both sides run alternately, and the result is
the median of the ratios.
"""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engines import INTERPRETER
from ignition.testbed.cache import CHECKOUT

# The peak memory of a child includes its parent before exec, so the parent must be smaller than any
# command: a bare interpreter. It reads one command per line, arguments separated by tabs.
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
    if posix.waitstatus_to_exitcode(status) not in map(int, sys.argv[1:]):
        sys.exit(f"{line!r} ended with {posix.waitstatus_to_exitcode(status)}")
print(wall, cpu, peak)
"""

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Cost:
    """A sequence of commands: wall and CPU seconds in total, and the highest peak memory in MiB."""

    wall: float
    cpu: float
    peak: float


def cost(commands: Sequence[Command], statuses: Sequence[int] = (0,)) -> Cost:
    """Runs commands in sequence. RuntimeError if the exit status of one is not among `statuses`."""
    lines = "\n".join("\t".join(map(str, command)) for command in commands)
    args = [str(INTERPRETER), "-I", "-S", "-c", _LAUNCHER, *map(str, statuses)]
    done = subprocess.run(
        args, input=lines, capture_output=True, text=True, check=False, cwd=CHECKOUT
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    wall, cpu, peak = map(float, done.stdout.split())
    return Cost(wall, cpu, peak / 1024)


@dataclass(frozen=True)
class Pair:
    """The medians of both sides, and the median ratio of their wall times per pair."""

    ours: Cost
    theirs: Cost
    ratio: float


def compare(
    ours: Sequence[Command],
    theirs: Sequence[Command],
    rounds: int,
    before: Callable[[], None] = lambda: None,
) -> Pair:
    """Runs both alternately, after a warm-up round; `before` is called before each round."""
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
