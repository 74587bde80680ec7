# SPDX-License-Identifier: Apache-2.0
"""Rules, and the findings of rules that a config violates."""

from __future__ import annotations

from ignition.base.finding import ERROR
from ignition.base.record import record


@record
class RuleFinding:
    """One violated rule. `path` is relative to the object that was checked."""

    code: str
    severity: str
    path: tuple[str | int, ...]
    message: str
    hint: str

    def with_prefix(self, *path: str | int) -> RuleFinding:
        """The same finding with a longer path, relative to a parent object."""
        return RuleFinding(self.code, self.severity, path + self.path, self.message, self.hint)


@record
class Rule:
    """A rule of the config specs, defined as a constant next to the function that applies it.

    `code` is stable. `message` is Ignition's wording, which other tools match. The string literal below the
    constant is its documentation; the interpreter discards it, so it costs nothing at boot.
    """

    code: str
    message: str
    hint: str
    severity: str = ERROR

    def at(self, *path: str | int) -> RuleFinding:
        """A finding for this rule at `path`."""
        return RuleFinding(self.code, self.severity, path, self.message, self.hint)

    def with_message(self, message: str) -> Rule:
        """The same rule with a more specific message."""
        return Rule(self.code, message, self.hint, self.severity)
