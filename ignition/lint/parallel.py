# SPDX-License-Identifier: Apache-2.0
"""Work shared by processes that are copies of this one. Each does every so manieth job, and its results come
through a pipe of its own, so that they can be taken in the order of the jobs.

A worker that is killed shows as the end of its pipe; the pools of the standard library wait for it for ever.
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
    """A process, and where its results come from."""

    pid: int
    results: IO[bytes]


def start(jobs: list[Any], do: Callable[[Any], Any], number: int) -> list[Worker]:
    """Starts so many workers; none if the system does not let that many run."""
    workers: list[Worker] = []
    try:
        for which in range(number):
            workers.append(_fork(jobs[which::number], do))
    except OSError:
        _stop(workers)
        return []
    return workers


def results(workers: list[Worker], number: int) -> Iterator[Any]:
    """What came of so many jobs, in their order. Failure (IGN6314) if a worker was killed."""
    try:
        for which in range(number):
            try:
                result, failure = pickle.load(workers[which % len(workers)].results)  # noqa: S301
            except (EOFError, pickle.UnpicklingError) as error:
                hint = "perhaps the memory ran out: name fewer or smaller configs at once"
                raise _stopped("IGN6314", "a process that helps was killed", hint) from error
            if failure is not None:
                raise _stopped(*failure)
            yield result
    finally:
        _stop(workers)


def _stopped(code: str, text: str, hint: str) -> Failure:
    return Failure(code, text, hint=hint, exit_status=2)


def _fork(jobs: list[Any], do: Callable[[Any], Any]) -> Worker:
    reading, writing = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if not pid:
        _work(jobs, do, writing)
    os.close(writing)
    return Worker(pid, open(reading, "rb"))


def _work(jobs: list[Any], do: Callable[[Any], Any], writing: int) -> None:
    """The life of a worker. It ends without a word: whoever started it tells of Ctrl-C and of failures."""
    try:
        for number in (signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        with open(writing, "wb") as out:
            for job in jobs:
                answer: tuple[Any, tuple[str, str, str] | None]
                try:
                    answer = do(job), None
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
