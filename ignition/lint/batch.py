# SPDX-License-Identifier: Apache-2.0
"""Linting many configs: in the order given, side by side when there are enough of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from ignition.base.record import record
from ignition.lint.linted import STANDARD_INPUT, Linted, linted
from ignition.lint.selection import Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multiprocessing.pool import Pool

# From so many configs on, starting other processes is cheaper than doing it alone.
_MANY = 100


@record
class Job:
    """One config to lint, and how. `path` is `-` for standard input."""

    path: str
    selection: Selection
    platform: str = ""
    systemd_verify: bool = False


@record
class Unreadable:
    """A file that could not be read, and why."""

    path: str
    reason: str


def run(jobs: list[Job]) -> Iterator[Linted | Unreadable]:
    """What came of each job, in their order."""
    pool = _pool(jobs)
    if pool is None:
        yield from map(one, jobs)
        return
    with pool:
        yield from pool.imap(one, jobs, chunksize=16)


def _pool(jobs: list[Job]) -> Pool | None:
    """Processes that lint side by side; None where one does it alone: for few configs, for one that comes
    by standard input, on systems where a fork is no safe copy."""
    if len(jobs) < _MANY or sys.platform != "linux" or any(job.path == "-" for job in jobs):
        return None
    workers = len(os.sched_getaffinity(0))
    if workers < 2:
        return None
    import multiprocessing
    import signal

    # They begin with what is imported here.
    one(Job(os.devnull, Selection()))
    try:
        return multiprocessing.get_context("fork").Pool(
            workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
        )
    except (ImportError, OSError):  # no shared memory in this container
        return None


def one(job: Job) -> Linted | Unreadable:
    """Lints one config."""
    from ignition.lint.run import lint

    name = STANDARD_INPUT if job.path == "-" else job.path
    try:
        data = read(job.path)
    except OSError as error:
        return Unreadable(name, error.strerror or str(error))
    found = lint(data, name, platform=job.platform, systemd_verify=job.systemd_verify)
    if job.selection:
        from ignition.lint.refusals import is_refusal

        found = list(job.selection.apply(found, is_refusal))
    return linted(name, data, found)


def read(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. OSError when it cannot be read."""
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()
