# SPDX-License-Identifier: Apache-2.0
"""Linting many configs: results in the order given, in parallel if there are many."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from stat import S_ISREG

from ignition.base import streams
from ignition.base.errors import Failure
from ignition.base.finding import ERROR
from ignition.base.origin import Origin
from ignition.base.record import record
from ignition.lint.finding import LintFinding
from ignition.lint.result import STANDARD_INPUT, LintResult, lint_result
from ignition.lint.selection import Selection

# With fewer configs, starting worker processes costs more than it saves.
_PARALLEL_MIN = 100
SIZE_LIMIT = 256 << 20
"""Maximum size of an input file in bytes. Bounds endless files such as /dev/zero."""


@record
class Job:
    """One config to lint. `path` is `-` for standard input; `strict` makes warnings fail."""

    path: str
    selection: Selection
    platform: str = ""
    systemd_verify: bool = False
    strict: bool = False


def lint_files(jobs: list[Job]) -> Iterator[LintResult]:
    """The result of each job, in order."""
    if _worth_forking(jobs):
        from ignition.lint import parallel

        # Linting once imports everything that the forked workers need.
        lint_file(Job(os.devnull, Selection()))
        workers = parallel.start(jobs, lint_file, len(os.sched_getaffinity(0)))
        if workers:
            yield from parallel.results(workers, len(jobs))
            return
    yield from map(lint_file, jobs)


def _worth_forking(jobs: list[Job]) -> bool:
    """Whether to use worker processes: for many configs without standard input, on Linux with several CPUs.

    On macOS a forked process may not use many system libraries.
    """
    if len(jobs) < _PARALLEL_MIN or sys.platform != "linux" or any(job.path == "-" for job in jobs):
        return False
    return len(os.sched_getaffinity(0)) > 1


def lint_file(job: Job) -> LintResult:
    """Lints one config."""
    name = STANDARD_INPUT if job.path == "-" else job.path
    begun = time.monotonic()
    try:
        done = _lint(job, name, read_file(job.path))
    except OSError as error:
        done = _unreadable_result(name, error.strerror or str(error))
    except MemoryError:
        done = _unreadable_result(name, "out of memory")
    done.strict = job.strict
    done.seconds = time.monotonic() - begun
    return done


def _lint(job: Job, name: str, data: bytes) -> LintResult:
    from ignition.lint.run import lint

    found = lint(data, name, platform=job.platform, systemd_verify=job.systemd_verify)
    if job.selection:
        from ignition.lint.refusals import is_refusal

        found = list(job.selection.apply(found, is_refusal))
    return lint_result(name, data, found)


def _unreadable_result(name: str, reason: str) -> LintResult:
    failure = unreadable_failure(name, reason)
    why = LintFinding(failure.code, ERROR, failure.text, Origin(name), failure.hint)
    return LintResult(name, [why], {}, unreadable=True)


def unreadable_failure(name: str, reason: str) -> Failure:
    """The failure (IGN6311) for a config that cannot be read."""
    hint = "name a readable file, or - for standard input"
    return Failure(
        "IGN6311", f"cannot read {name or repr(name)}: {reason}", hint=hint, exit_status=2
    )


def read_file(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`.

    OSError if it cannot be read or exceeds SIZE_LIMIT.
    """
    if path == "-":
        return _read_all(0)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        return _read_all(descriptor)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int) -> bytes:
    # Directories and pipes have sizes that say nothing.
    known = os.fstat(descriptor)
    if not S_ISREG(known.st_mode) or known.st_size <= SIZE_LIMIT:
        data = streams.read(descriptor, SIZE_LIMIT)
        if len(data) <= SIZE_LIMIT:
            return data
    raise OSError(errno.EFBIG, f"it is larger than {SIZE_LIMIT >> 20} MiB, which no config is")
