# SPDX-License-Identifier: Apache-2.0
"""The result of linting one config: findings, and the lines of the config that formats print with them."""

from __future__ import annotations

from collections.abc import Iterable

from ignition.base.finding import ERROR, WARNING
from ignition.base.record import record
from ignition.lint.finding import LintFinding

# The name printed for `-`.
STANDARD_INPUT = "standard input"


@record
class LintResult:
    """The result for one config.

    lines       line number (from 1) -> line without its end, for lines with findings
    strict      whether warnings count as errors
    unreadable  whether the config could not be read; the only finding says why
    seconds     duration
    plain       whether the lines are printed as they are: it is no config, but a file of expectations
    """

    name: str
    findings: list[LintFinding]
    lines: dict[int, bytes]
    strict: bool = False
    unreadable: bool = False
    seconds: float = 0.0
    plain: bool = False

    @property
    def failures(self) -> list[LintFinding]:
        """The findings that make the config fail."""
        return [finding for finding in self.findings if self.fails(finding)]

    def fails(self, finding: LintFinding) -> bool:
        """Whether a finding makes the config fail."""
        return finding.severity == ERROR or (self.strict and finding.severity == WARNING)


def lint_result(
    name: str, data: bytes, findings: Iterable[LintFinding], *, plain: bool = False
) -> LintResult:
    """A result with the lines of `data` that the findings refer to."""
    findings = list(findings)
    wanted = {line for each in findings for line in (each.origin.line, each.end_line) if line}
    if not wanted:
        return LintResult(name, findings, {}, plain=plain)
    rows = data.split(b"\n", max(wanted))
    return LintResult(
        name,
        findings,
        {line: rows[line - 1].rstrip(b"\r") for line in wanted if line <= len(rows)},
        plain=plain,
    )


class Columns:
    """Converts columns from bytes to characters.

    Findings are sorted by position, so each part of a long line is decoded only once.
    """

    def __init__(self, lines: dict[int, bytes]) -> None:
        self._lines = lines
        self._plain = {number for number, row in lines.items() if row.isascii()}
        self._last: dict[int, tuple[int, int]] = {}

    def characters(self, line: int, column: int) -> int:
        """The column in characters, from 1."""
        if line in self._plain or line not in self._lines or column < 1:
            return column
        start, counted = self._last.get(line, (0, 0))
        if start > column - 1:
            start, counted = 0, 0
        counted += len(self._lines[line][start : column - 1].decode("utf-8", "replace"))
        self._last[line] = column - 1, counted
        return counted + 1
