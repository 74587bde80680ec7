# SPDX-License-Identifier: Apache-2.0
"""Builds the graph of steps of a phase. Planning changes nothing on the machine."""

from __future__ import annotations

from ignition.base.errors import Failure, combine, flatten
from ignition.base.record import record
from ignition.engine.order import arrange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from ignition.base.log import Log
    from ignition.config.model import Config
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Step

    class Stage(Protocol):
        """The planning function of a stage."""

        def __call__(self, config: Config, context: PhaseContext, /) -> Iterator[Step]:
            """The steps of the stage. Raises a Failure, or calls `context.refuse`, if it must not run."""


@record
class Node:
    """A step of the graph. `before` are the indexes of the nodes that must end first."""

    step: Step
    log: Log
    before: frozenset[int]


def build(stages: list[tuple[str, Stage]], config: Config, context: PhaseContext) -> list[Node]:
    """Plans all stages of a phase, in order, before any step runs.

    `stages` holds (log prefix, stage). Raises the Failure, or a FailureGroup, of the stages that refuse, and
    Refused IGN2118 for steps that wait for each other.
    """
    steps: list[Step] = []
    logs: list[Log] = []
    earlier: list[int] = []
    failures: list[Failure] = []
    for prefix, stage in stages:
        planned_before = len(steps)
        log = context.log.child(prefix) if prefix else context.log
        try:
            for step in stage(config, context):
                steps.append(step)
                logs.append(log)
                earlier.append(planned_before)
                context.expect(step.provides, step.creates)
        except Failure as failure:
            failures += flatten(failure)
    failures += context.refusals
    before: list[set[int]] = []
    try:
        before = arrange(steps, earlier)
    except Failure as failure:
        failures.append(failure)
    if failures:
        raise combine(failures)
    return [
        Node(step, log, frozenset(first))
        for step, log, first in zip(steps, logs, before, strict=True)
    ]
