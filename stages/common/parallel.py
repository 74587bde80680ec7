# SPDX-License-Identifier: Apache-2.0
"""Runs the jobs of one step in parallel, and counts their progress."""

from __future__ import annotations

import _queue
import _thread

from ignition.base.errors import Failure, combine, flatten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Job = Callable[[], None]


def run_parallel(jobs: list[Job], width: int) -> None:
    """Runs the jobs in at most `width` threads. No job starts after a failure; all failures are raised."""
    waiting: _queue.SimpleQueue[Job] = _queue.SimpleQueue()
    ended: _queue.SimpleQueue[BaseException | None] = _queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    problems: list[BaseException] = []

    def work() -> None:
        problem = None
        try:
            while not problems:
                waiting.get_nowait()()
        except _queue.Empty:
            pass
        except BaseException as error:  # raised again below, in the thread of the step
            problem = error
            problems.append(error)
        ended.put(problem)

    workers = 0
    try:
        while workers < min(width, len(jobs)):
            _thread.start_new_thread(work, ())
            workers += 1
    except RuntimeError:  # no more threads are to be had: those that run do it all
        if not workers:
            work()
            workers = 1
    for _ in range(workers):
        ended.get()
    _raise(problems)


def _raise(problems: list[BaseException]) -> None:
    failures: list[Failure] = []
    for problem in problems:
        if not isinstance(problem, Failure):
            raise problem
        failures += flatten(problem)
    if failures:
        raise combine(failures)


class ProgressCounter:
    """Counts finished jobs for the live view. `show` takes a line of text and limits its own rate."""

    __slots__ = ("_count", "_done", "_lock", "_show")

    def __init__(self, count: int, show: Callable[[str], None]) -> None:
        self._count = count
        self._done = 0
        self._lock = _thread.allocate_lock()
        self._show = show

    def job_done(self) -> None:
        """Counts one more finished job."""
        with self._lock:
            self._done += 1
            self._show(self._summary())

    def report(self, text: str) -> None:
        """Shows a message of one job after the count; alone if there is only one job."""
        with self._lock:
            self._show(f"{self._summary()}; {text}" if self._count > 1 else text)

    def _summary(self) -> str:
        return f"{self._done} of {self._count} done"
