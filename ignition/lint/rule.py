# SPDX-License-Identifier: Apache-2.0
"""Rules of lint, and violations of them.

An error means that a first boot with the config fails, a warning that the machine will differ from what the
config describes, an info that the author may want to look. A lint rule is only an error if the config alone
proves the failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import WARNING
from ignition.base.record import record
from ignition.lint.embedded import Embedded

if TYPE_CHECKING:
    Path = tuple[str | int, ...]


@record
class Violation:
    """A violation of a rule.

    path      path of the value in the config
    text      the embedded text with the problem; None if the problem is the value itself
    start     index of the first character of the problem in that text
    end       index after the last one
    secret    whether the value may be a secret
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
    """A rule that only lint checks, defined as a module constant.

    `code` is stable, `title` is the default message, `since` is the first spec version that the rule applies
    to. The string below the constant is its documentation (see `registry`).
    """

    code: str
    title: str
    hint: str
    severity: str = WARNING
    since: str = "3.0.0"
    secret: bool = False

    def at(self, path: Path, message: str = "", hint: str = "") -> Violation:
        """A violation by the value at `path`."""
        found = Violation(self.code, self.severity, path, message or self.title, hint or self.hint)
        found.secret = self.secret
        return found

    def inside(
        self, text: Embedded, span: tuple[int, int], message: str = "", hint: str = ""
    ) -> Violation:
        """A violation by a span of an embedded text."""
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
