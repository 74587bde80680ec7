# SPDX-License-Identifier: Apache-2.0
"""From stages to an ordered graph of steps. Nothing here changes the machine."""

from __future__ import annotations

import os

from ignition.base.errors import Failure, combine, flatten
from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ignition.base.log import Log
    from ignition.config.model import Config
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Step

    Planner = Callable[[Config, PhaseContext], Iterator[Step]]


@record
class Node:
    """A step in its place: `before` are the indexes of the nodes that must have ended."""

    step: Step
    log: Log
    before: frozenset[int]


def make(stages: list[tuple[str, Planner]], config: Config, context: PhaseContext) -> list[Node]:
    """The plan of a phase: all its stages, in order, before anything runs.

    `stages` holds (log prefix, function). Raises what speaks against the phase: one Failure, or all of them.
    """
    nodes: list[Node] = []
    makers: dict[str, list[int]] = {}
    failures: list[Failure] = []
    for prefix, planner in stages:
        earlier = range(len(nodes))
        log = context.log.child(prefix) if prefix else context.log
        try:
            for step in planner(config, context):
                before = _before(step, makers, earlier)
                for key in step.provides:
                    makers.setdefault(key, []).append(len(nodes))
                nodes.append(Node(step, log, before))
                context.expect(step.provides)
        except Failure as failure:
            failures += flatten(failure)
    failures += context.refusals
    if failures:
        raise combine(failures)
    return nodes


def _before(step: Step, makers: dict[str, list[int]], earlier: range) -> frozenset[int]:
    before: set[int] = set()
    for key in step.needs:
        if key in makers:
            before.update(makers[key])
        elif key.startswith("/") and not os.path.exists(key):
            # Some earlier step may make it under another name (a by-label link, say).
            before.update(earlier)
    return frozenset(before)
