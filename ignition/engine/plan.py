# SPDX-License-Identifier: Apache-2.0
"""Builds the graph of steps of a phase. Planning changes nothing on the machine."""

from __future__ import annotations

import os

from ignition.base.errors import Failure, combine, flatten
from ignition.base.record import record

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

    `stages` holds (log prefix, stage). Raises the Failure, or a FailureGroup, of the stages that refuse.
    """
    nodes: list[Node] = []
    providers: dict[str, list[int]] = {}
    failures: list[Failure] = []
    for prefix, stage in stages:
        earlier = range(len(nodes))
        log = context.log.child(prefix) if prefix else context.log
        try:
            for step in stage(config, context):
                before = _before(step, providers, earlier)
                for key in step.provides:
                    providers.setdefault(key, []).append(len(nodes))
                nodes.append(Node(step, log, before))
                context.expect(step.provides)
        except Failure as failure:
            failures += flatten(failure)
    failures += context.refusals
    if failures:
        raise combine(failures)
    return nodes


def _before(step: Step, providers: dict[str, list[int]], earlier: range) -> frozenset[int]:
    before: set[int] = set()
    for key in step.needs:
        if key in providers:
            before.update(providers[key])
        elif key.startswith("/") and not os.path.exists(key):
            # An earlier step may create it under another name, as udev does with by-label links.
            before.update(earlier)
    return frozenset(before)
