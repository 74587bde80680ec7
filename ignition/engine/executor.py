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

from ignition.base.errors import Failure, Several, each
from ignition.base.record import record
from ignition.engine.step import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin
    from ignition.engine.machine import Machine
    from ignition.engine.plan import Node
    from ignition.engine.view import View

SATISFIED = "satisfied"
DONE = "done"
FAILED = "failed"


@record
class Outcome:
    """What became of one step. Times are of the monotonic clock, in seconds."""

    says: str
    origin: Origin
    result: str
    started: float
    ended: float


def run(nodes: list[Node], machine: Machine, view: View) -> list[Outcome]:
    """Runs all steps; returns their outcomes in the order in which they ended.

    Raises the Failure of the step that failed, or Several.
    """
    # New folders get what the kernel makes of 0755, in which setgid and default ACLs of the folder above have
    # their part. The mask of whoever started this has none.
    os.umask(0o022)
    return _Run(nodes, machine, view).to_the_end()


class _Run:
    __slots__ = (
        "_after",
        "_ended",
        "_failures",
        "_machine",
        "_missing",
        "_nodes",
        "_outcomes",
        "_ready",
        "_view",
    )

    def __init__(self, nodes: list[Node], machine: Machine, view: View) -> None:
        self._nodes = nodes
        self._machine = machine
        self._view = view
        self._ended: _queue.SimpleQueue[tuple[int, Outcome, BaseException | None]] = (
            _queue.SimpleQueue()
        )
        self._missing = [len(node.before) for node in nodes]
        self._after: list[list[int]] = [[] for _ in nodes]
        for index, node in enumerate(nodes):
            for before in node.before:
                self._after[before].append(index)
        self._ready = [index for index, node in enumerate(nodes) if not node.before]
        self._outcomes: list[Outcome] = []
        self._failures: list[Failure] = []

    def to_the_end(self) -> list[Outcome]:
        room = max(2, os.cpu_count() or 1)
        running = 0
        while self._ready or running:
            if self._failures:
                self._ready.clear()
                if not running:
                    break
            elif len(self._ready) == 1 and not running:
                self._work(self._ready.pop())
                running += 1
            else:
                while self._ready and running < room:
                    _thread.start_new_thread(self._work, (self._ready.pop(0),))
                    running += 1
            index, outcome, error = self._ended.get()
            running -= 1
            self._outcomes.append(outcome)
            if error is None:
                self._release(index)
            elif isinstance(error, Failure):
                self._failures += each(error)
            else:
                raise error
        if len(self._failures) > 1:
            raise Several(self._failures)
        if self._failures:
            raise self._failures[0]
        return self._outcomes

    def _release(self, ended: int) -> None:
        for index in self._after[ended]:
            self._missing[index] -= 1
            if not self._missing[index]:
                self._ready.append(index)

    def _work(self, index: int) -> None:
        """In the thread of the step. Whatever happens, the outcome reaches the queue."""
        node = self._nodes[index]
        step = node.step
        started = time.monotonic()
        result = FAILED
        error: BaseException | None = None
        shown = self._view.step(step.says)
        try:
            if step.done is not None and step.done():
                result = SATISFIED
            else:
                step.do(Task(node.log, self._machine, shown.progress))
                result = DONE
        except Failure as failure:
            for one in each(failure):
                one.origin = one.origin or step.origin
            error = failure
        except OSError as problem:
            error = _from_system(problem, step.origin)
        except BaseException as crash:  # crosses the thread, and is raised again in `to_the_end`
            error = crash
        outcome = Outcome(step.says, step.origin, result, started, time.monotonic())
        shown.end(result, outcome.ended - started)
        self._ended.put((index, outcome, error))


def _from_system(error: OSError, origin: Origin) -> Failure:
    place = f"{error.filename}: " if error.filename else ""
    return Failure("IGN7003", f"{place}{error.strerror or error}", origin, cause=error)
