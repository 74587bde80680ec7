# SPDX-License-Identifier: Apache-2.0
"""What no machine can be given is refused before a phase looks at its machine, let alone runs a program."""

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
    """Whether nothing speaks against a config (its canonical value), not even a warning."""
    return next(_found(config, root), None) is None


def check(config: Config, context: PhaseContext) -> None:
    """Looks at the whole config, also what later phases apply: no disk is wiped for a user who cannot be.

    Raises Refused, or Several, with the codes of the rules that lint has for this.
    """
    refusals: list[Failure] = []
    for found in _found(config.raw, context.root):
        origin = context.origin(*found.path)
        if found.severity == ERROR:
            refusals.append(Refused(found.code, found.message, origin, hint=found.hint))
        else:
            context.log.warning(f"{found.message} [{found.code}, {origin}]")
    if refusals:
        raise combine(refusals)


def _found(config: dict[str, Any], root: str) -> Iterator[RuleFinding]:
    yield from values.check(config, root.rstrip("/"))
    yield from fetches.check(config)
