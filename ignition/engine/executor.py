# SPDX-License-Identifier: Apache-2.0
"""Runs a plan: the only place with side effects.

Steps that do not depend on each other run side by side. After a failure nothing new starts, what runs is
waited for, and all failures are reported.
"""

from __future__ import annotations

import _queue
import _thread
import os
import time

from ignition.base import interrupt
from ignition.base.errors import Failure, combine, crash_failure, flatten
from ignition.base.record import record
from ignition.engine.step import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin
    from ignition.engine.context import PhaseContext
    from ignition.engine.plan import Node
    from ignition.engine.view import View

SATISFIED = "satisfied"
DONE = "done"
FAILED = "failed"


@record
class Outcome:
    """What became of one step. Times are of the monotonic clock, in seconds."""

    summary: str
    origin: Origin
    result: str
    started: float
    ended: float


@record
class Execution:
    """What became of a plan: the steps that ran, in the order in which they ended, and what stopped it."""

    outcomes: list[Outcome]
    failures: list[Failure]

    def check(self) -> None:
        """Raises what stopped it: the Failure, or Several."""
        if self.failures:
            raise combine(self.failures)


def run(nodes: list[Node], context: PhaseContext, view: View) -> Execution:
    """Runs all steps. Whatever a step raises is among the failures; no step runs any more on return."""
    # New folders get what the kernel makes of 0755, in which setgid and default ACLs of the folder above have
    # their part. The mask of whoever started this has none.
    os.umask(0o022)
    with interrupt.Uninterruptible():
        return _Run(nodes, context, view).to_the_end()


class _Run:
    __slots__ = (
        "_after",
        "_context",
        "_ended",
        "_execution",
        "_missing",
        "_nodes",
        "_ready",
        "_view",
    )

    def __init__(self, nodes: list[Node], context: PhaseContext, view: View) -> None:
        self._nodes = nodes
        self._context = context
        self._view = view
        self._ended: _queue.SimpleQueue[tuple[int, BaseException | None]] = _queue.SimpleQueue()
        self._missing = [len(node.before) for node in nodes]
        self._after: list[list[int]] = [[] for _ in nodes]
        for index, node in enumerate(nodes):
            for before in node.before:
                self._after[before].append(index)
        self._ready = [index for index, node in enumerate(nodes) if not node.before]
        self._execution = Execution([], [])

    def to_the_end(self) -> Execution:
        failures = self._execution.failures
        room = max(2, os.cpu_count() or 1)
        running = 0
        while True:
            while self._ready and not failures and not interrupt.requested() and running < room:
                if not self._start(self._ready[0], running):
                    break
                self._ready.pop(0)
                running += 1
            if not running:
                break
            index, error = self._ended.get()
            running -= 1
            if error is None:
                self._release(index)
            elif not isinstance(error, interrupt.Interrupted):
                failures += flatten(crash_failure(error, self._nodes[index].step.origin))
        done = [outcome for outcome in self._execution.outcomes if outcome.result != FAILED]
        if interrupt.requested() and len(done) < len(self._nodes):
            failures.insert(0, interrupt.failure())
        return self._execution

    def _start(self, index: int, running: int) -> bool:
        """Starts a step beside this thread; in it, if no other is to be had and none runs to wait for."""
        try:
            _thread.start_new_thread(self._work, (index,))
        except (RuntimeError, MemoryError):
            if running:
                return False
            self._work(index)
        return True

    def _release(self, ended: int) -> None:
        for index in self._after[ended]:
            self._missing[index] -= 1
            if not self._missing[index]:
                self._ready.append(index)

    def _work(self, index: int) -> None:
        """In the thread of the step. Whatever happens, its end reaches the queue."""
        error: BaseException | None = None
        try:
            self._do(self._nodes[index])
        except BaseException as crash:  # crosses the thread, and is judged in `to_the_end`
            error = crash
        while True:
            try:
                self._ended.put((index, error))
                return
            except MemoryError:
                time.sleep(0.01)  # what the other steps hold comes free when they end

    def _do(self, node: Node) -> None:
        step = node.step
        shown = self._view.step(step.summary)
        started = time.monotonic()
        outcome = Outcome(step.summary, step.origin, FAILED, started, started)
        try:
            if step.done is not None and step.done():
                outcome.result = SATISFIED
            else:
                step.do(Task(node.log, self._context, shown.progress))
                outcome.result = DONE
        except Failure as failure:
            failure.add_origin(step.origin)
            raise
        finally:
            outcome.ended = time.monotonic()
            self._execution.outcomes.append(outcome)
            shown.end(outcome.result, outcome.ended - started)
