# SPDX-License-Identifier: Apache-2.0
"""What came of linting one text, with as much of it as a format needs to show the findings."""

from __future__ import annotations

from collections.abc import Iterable

from ignition.base.finding import ERROR, WARNING
from ignition.base.record import record
from ignition.lint.finding import LintFinding

# What standard input is called: `-` for `lint` itself, this for people.
STANDARD_INPUT = "standard input"


@record
class LintResult:
    """One text.

    lines    those at which findings stand, without their ends, by number from 1
    strict   whether warnings count as errors
    unreadable   whether it could not be read; the finding says why
    seconds  how long it took
    """

    name: str
    findings: list[LintFinding]
    lines: dict[int, bytes]
    strict: bool = False
    unreadable: bool = False
    seconds: float = 0.0

    @property
    def failures(self) -> list[LintFinding]:
        """The findings for which it does not pass."""
        return [finding for finding in self.findings if self.fails(finding)]

    def fails(self, finding: LintFinding) -> bool:
        """Whether it does not pass for one of its findings."""
        return finding.severity == ERROR or (self.strict and finding.severity == WARNING)


def lint_result(name: str, data: bytes, findings: Iterable[LintFinding]) -> LintResult:
    """The findings of a text together with the lines that they are about."""
    kept = list(findings)
    wanted = {line for each in kept for line in (each.origin.line, each.end_line) if line}
    if not wanted:
        return LintResult(name, kept, {})
    rows = data.split(b"\n", max(wanted))
    return LintResult(
        name,
        kept,
        {line: rows[line - 1].rstrip(b"\r") for line in wanted if line <= len(rows)},
    )


class Columns:
    """Turns columns in bytes into columns in characters, of one text.

    Findings come in the order of the text, so that each stretch of a long line is read once.
    """

    def __init__(self, lines: dict[int, bytes]) -> None:
        self._lines = lines
        self._plain = {number for number, row in lines.items() if row.isascii()}
        self._last: dict[int, tuple[int, int]] = {}

    def characters(self, line: int, column: int) -> int:
        """The column of the same place, counted in characters from 1."""
        if line in self._plain or line not in self._lines or column < 1:
            return column
        start, counted = self._last.get(line, (0, 0))
        if start > column - 1:
            start, counted = 0, 0
        counted += len(self._lines[line][start : column - 1].decode("utf-8", "replace"))
        self._last[line] = column - 1, counted
        return counted + 1
