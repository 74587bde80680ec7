# SPDX-License-Identifier: Apache-2.0
"""What a lint-only rule is, and what it says when a config breaks it.

An error means that a first boot with this config must fail; a warning, that the machine will not be what
the config says; an info, that an author may want to look. Lint-only rules are errors only where that is
certain from the config alone.
"""

from __future__ import annotations

from ignition.base.finding import WARNING
from ignition.base.record import record
from ignition.lint.embedded import Embedded

TYPE_CHECKING = False
if TYPE_CHECKING:
    Path = tuple[str | int, ...]


@record
class Violation:
    """One broken rule.

    path      leads from the top of the config to the faulty value
    text      the embedded text that the fault lies in, None if it is the value itself
    start     index of the first faulty character of that text
    end       index after the last one
    secret    whether the value is a secret, or may be one
    """

    code: str
    severity: str
    path: Path
    message: str
    hint: str
    text: Embedded | None = None
    start: int = 0
    end: int = 0
    secret: bool = False


@record
class LintRule:
    """A rule that only lint knows. It stands as a constant above the function that applies it.

    `code` is stable, `title` says in one line what is wrong, `since` is the first spec version that it can
    apply to. The text below the constant is its documentation page (see `registry`).
    """

    code: str
    title: str
    hint: str
    severity: str = WARNING
    since: str = "3.0.0"
    secret: bool = False

    def at(self, path: Path, message: str = "", hint: str = "") -> Violation:
        """The finding that this rule is broken by the value at `path`."""
        found = Violation(self.code, self.severity, path, message or self.title, hint or self.hint)
        found.secret = self.secret
        return found

    def inside(
        self, text: Embedded, span: tuple[int, int], message: str = "", hint: str = ""
    ) -> Violation:
        """The finding that this rule is broken by a part of an embedded text."""
        start, end = span
        return Violation(
            self.code,
            self.severity,
            text.path,
            message or self.title,
            hint or self.hint,
            text,
            start,
            end,
            self.secret,
        )
