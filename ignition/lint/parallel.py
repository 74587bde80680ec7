# SPDX-License-Identifier: Apache-2.0
"""Forked workers that process a list of jobs in parallel.

Worker i of n processes the jobs i, i+n, i+2n, ... and writes their results to its pipe, so the results can be
read in the order of the jobs. If a worker is killed, its pipe ends; the pools of the standard library would
wait for it forever.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Iterator
from typing import IO, Any

from ignition.base.errors import Failure, crash_failure
from ignition.base.record import record


@record
class Worker:
    """A worker process and the read end of its pipe."""

    pid: int
    results: IO[bytes]


def start(jobs: list[Any], process: Callable[[Any], Any], number: int) -> list[Worker]:
    """Starts `number` workers; returns none if the system does not allow that many processes."""
    workers: list[Worker] = []
    try:
        for index in range(number):
            workers.append(_fork(jobs[index::number], process))
    except OSError:
        _stop(workers)
        return []
    return workers


def results(workers: list[Worker], number: int) -> Iterator[Any]:
    """The results of `number` jobs, in order. Failure (IGN6314) if a worker was killed."""
    try:
        for index in range(number):
            try:
                result, failure = pickle.load(workers[index % len(workers)].results)  # noqa: S301
            except (EOFError, pickle.UnpicklingError) as error:
                hint = "the system may be out of memory: lint fewer or smaller configs at once"
                raise _worker_failure("IGN6314", "a worker process was killed", hint) from error
            if failure is not None:
                raise _worker_failure(*failure)
            yield result
    finally:
        _stop(workers)


def _worker_failure(code: str, text: str, hint: str) -> Failure:
    return Failure(code, text, hint=hint, exit_status=2)


def _fork(jobs: list[Any], process: Callable[[Any], Any]) -> Worker:
    reading, writing = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if not pid:
        _work(jobs, process, writing)
    os.close(writing)
    return Worker(pid, open(reading, "rb"))


def _work(jobs: list[Any], process: Callable[[Any], Any], writing: int) -> None:
    """The main function of a worker. It prints nothing: the parent reports failures and Ctrl-C."""
    try:
        for number in (signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        with open(writing, "wb") as out:
            for job in jobs:
                answer: tuple[Any, tuple[str, str, str] | None]
                try:
                    answer = process(job), None
                except Exception as crash:
                    failure = crash_failure(crash)
                    answer = None, (failure.code, failure.text, failure.hint)
                pickle.dump(answer, out, pickle.HIGHEST_PROTOCOL)
                out.flush()
    finally:
        os._exit(0)


def _stop(workers: list[Worker]) -> None:
    for worker in workers:
        worker.results.close()
        try:
            os.kill(worker.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(worker.pid, 0)
