# SPDX-License-Identifier: Apache-2.0
"""Linting many configs: in the order given, side by side when there are enough of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from ignition.base.record import record
from ignition.lint.linted import STANDARD_INPUT, Linted, linted
from ignition.lint.selection import Selection

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
    workers = len(os.sched_getaffinity(0))
    # A process that other threads run in, or one that must read standard input, does it alone.
    if len(jobs) < _MANY or workers < 2 or any(job.path == "-" for job in jobs):
        yield from map(one, jobs)
        return
    import multiprocessing

    # Forked, so that what is imported here is there already.
    one(Job(os.devnull, Selection()))
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        yield from pool.imap(one, jobs, chunksize=16)


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
