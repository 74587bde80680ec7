# SPDX-License-Identifier: Apache-2.0
"""Rejects a config with values that no machine accepts, before a phase touches its machine."""

from __future__ import annotations

from ignition.base.errors import Refused, combine
from ignition.base.finding import ERROR
from ignition.config.rules import fetches, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.base.errors import Failure
    from ignition.config.model import Config
    from ignition.config.rules.rule import RuleFinding
    from ignition.engine.context import PhaseContext


def is_sound(config: dict[str, Any], root: str) -> bool:
    """Whether a config (its canonical value) has no finding, not even a warning."""
    return next(_findings(config, root), None) is None


def check(config: Config, context: PhaseContext) -> None:
    """Checks the whole config, including what later phases apply: no disk is wiped for a config with an
    impossible user. Logs warnings; raises Refused or a FailureGroup with the codes that lint reports."""
    refusals: list[Failure] = []
    for finding in _findings(config.raw, context.root):
        origin = context.origin(*finding.path)
        if finding.severity == ERROR:
            refusals.append(Refused(finding.code, finding.message, origin, hint=finding.hint))
        else:
            context.log.warning(f"{finding.message} [{finding.code}, {origin}]")
    if refusals:
        raise combine(refusals)


def _findings(config: dict[str, Any], root: str) -> Iterator[RuleFinding]:
    yield from values.check(config, root.rstrip("/"))
    yield from fetches.check(config)
