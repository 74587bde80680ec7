# SPDX-License-Identifier: Apache-2.0
"""Runs a plan: the only place with side effects.

Independent steps run in parallel. After a failure no new step starts; running steps finish, and all failures
are returned.
"""

from __future__ import annotations

import _queue
import _thread
import os
import time

from ignition.base import interrupt
from ignition.base.errors import Failure, combine, crash_failure, flatten
from ignition.base.record import record
from ignition.engine.report import DONE, FAILED, SATISFIED, Outcome
from ignition.engine.step import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.engine.context import PhaseContext
    from ignition.engine.plan import Node
    from ignition.engine.view import View

# Seconds between two looks at steps that are silent; the view limits how often it writes.
ANNOUNCEMENT_PAUSE = 5.0


@record
class Execution:
    """The result of a plan: an outcome per step that ran, in the order in which they ended, and failures."""

    outcomes: list[Outcome]
    failures: list[Failure]

    def check(self) -> None:
        """Raises the Failure, or a FailureGroup, if a step failed."""
        if self.failures:
            raise combine(self.failures)


def run(nodes: list[Node], context: PhaseContext, view: View) -> Execution:
    """Runs all steps and waits for them. Never raises: a crash of a step becomes a failure."""
    # New directories get mode 0755 modified by setgid and default ACLs of the parent, as the kernel does it.
    # The umask of the caller must not matter.
    os.umask(0o022)
    with interrupt.Uninterruptible():
        return _Run(nodes, context, view).run()


class _Run:
    __slots__ = (
        "_blockers",
        "_context",
        "_dependents",
        "_ended",
        "_execution",
        "_nodes",
        "_ready",
        "_view",
    )

    def __init__(self, nodes: list[Node], context: PhaseContext, view: View) -> None:
        self._nodes = nodes
        self._context = context
        self._view = view
        self._ended: _queue.SimpleQueue[tuple[int, BaseException | None]] = _queue.SimpleQueue()
        self._blockers = [len(node.before) for node in nodes]
        self._dependents: list[list[int]] = [[] for _ in nodes]
        for index, node in enumerate(nodes):
            for before in node.before:
                self._dependents[before].append(index)
        self._ready = [index for index, node in enumerate(nodes) if not node.before]
        self._execution = Execution([], [])

    def run(self) -> Execution:
        failures = self._execution.failures
        max_running = max(2, os.cpu_count() or 1)
        running = 0
        while True:
            while (
                self._ready and not failures and not interrupt.requested() and running < max_running
            ):
                if not self._start(self._ready[0], running):
                    break
                self._ready.pop(0)
                running += 1
            if not running:
                break
            try:
                index, error = self._ended.get(timeout=ANNOUNCEMENT_PAUSE)
            except _queue.Empty:
                self._view.announce_running()
                continue
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
        """Starts a step in a new thread. If the system has no thread left: False while other steps run, else
        runs the step in this thread."""
        try:
            _thread.start_new_thread(self._work, (index,))
        except (RuntimeError, MemoryError):
            if running:
                return False
            self._work(index)
        return True

    def _release(self, ended: int) -> None:
        for index in self._dependents[ended]:
            self._blockers[index] -= 1
            if not self._blockers[index]:
                self._ready.append(index)

    def _work(self, index: int) -> None:
        """Runs in the thread of the step. Whatever happens, a result reaches the queue."""
        error: BaseException | None = None
        try:
            self._do(self._nodes[index])
        except BaseException as crash:  # `run` handles it in the main thread
            error = crash
        while True:
            try:
                self._ended.put((index, error))
                return
            except MemoryError:
                time.sleep(0.01)  # other steps free their memory when they end

    def _do(self, node: Node) -> None:
        step = node.step
        shown = self._view.start_step(step.summary)
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
