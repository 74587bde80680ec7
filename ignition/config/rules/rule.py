# SPDX-License-Identifier: Apache-2.0
"""What a rule is, and what it says when a config breaks it."""

from __future__ import annotations

from ignition.base.finding import ERROR
from ignition.base.record import record


@record
class RuleFinding:
    """One broken rule. `path` leads from the object that was checked to the faulty part."""

    code: str
    severity: str
    path: tuple[str | int, ...]
    message: str
    hint: str

    def with_prefix(self, *path: str | int) -> RuleFinding:
        """The same finding, seen from further up."""
        return RuleFinding(self.code, self.severity, path + self.path, self.message, self.hint)


@record
class Rule:
    """A rule of the config specs. It stands as a constant beside the function that applies it.

    `code` is stable. `message` is the original's wording, which other tools match. The text below the
    constant is its documentation; it costs nothing at boot, since nothing keeps it.
    """

    code: str
    message: str
    hint: str
    severity: str = ERROR

    def at(self, *path: str | int) -> RuleFinding:
        """The finding that this rule is broken at `path`."""
        return RuleFinding(self.code, self.severity, path, self.message, self.hint)

    def with_message(self, message: str) -> Rule:
        """The same rule, with a message that depends on the fault."""
        return Rule(self.code, message, self.hint, self.severity)
