# SPDX-License-Identifier: Apache-2.0
"""Findings for people: the place, what is wrong, the line it is about with a mark, what to do."""

from __future__ import annotations

import re

from ignition.base.finding import ERROR, INFO, WARNING
from ignition.lint.finding import LintFinding
from ignition.lint.formats import counted
from ignition.lint.linted import Linted

_COLOURS = {
    ERROR: "\x1b[1;31m",
    WARNING: "\x1b[1;35m",
    INFO: "\x1b[1;34m",
    "hint": "\x1b[36m",
    "dim": "\x1b[2m",
}
_PLAIN = "\x1b[0m"
# Characters of a line that are shown; wider ones are cut around the finding: a data URL may be a megabyte.
_WIDTH = 100
# Bytes before a finding that may matter for what is shown: characters have at most four.
_NEAR = 4 * _WIDTH
# Members whose values do not belong in the log of a CI server; folded as the engine folds keys.
_SECRET = re.compile(rb'("(?:passwordHash|value)"\s*:\s*")([^"\\]*(?:\\.[^"\\]*)*)', re.IGNORECASE)


class Text:
    """Writes findings, in colours or without."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def _paint(self, what: str, text: str) -> str:
        return f"{_COLOURS[what]}{text}{_PLAIN}" if self._colour else text

    def file(self, linted: Linted) -> str:
        """All findings of one text."""
        lines = {number: _without_secrets(row) for number, row in linted.lines.items()}
        return "".join(self._finding(finding, lines) for finding in linted.findings)

    def _finding(self, finding: LintFinding, lines: dict[int, bytes]) -> str:
        origin = finding.origin
        place = f"{origin.source}:{origin.line}:{origin.column}" if origin.line else origin.source
        severity = self._paint(finding.severity, f"{finding.severity} {finding.code}")
        out = [f"{_shown(place)}: {severity}: {_shown(finding.message)}"]
        if origin.pointer:
            out.append(self._paint("dim", f"    at {_shown(origin.pointer)}"))
        if finding.inner is not None:
            out.append(self._paint("dim", f"    in {_shown(_inner(finding))}"))
        if origin.line in lines and not finding.secret:
            out += self._excerpt(lines[origin.line], finding)
        if finding.hint:
            out.append("    " + self._paint("hint", "hint: ") + _shown(finding.hint))
        return "\n".join(out) + "\n"

    def _excerpt(self, row: bytes, finding: LintFinding) -> list[str]:
        """The line with the span underlined. Columns count bytes; the marks must count characters."""
        line, start = finding.origin.line, max(finding.origin.column - 1, 0)
        end = len(row)
        if finding.end_line == line:
            end = min(max(finding.end_column - 1, start), len(row))
        elif not finding.end_line:
            end = start
        before = row[max(0, start - _NEAR) : start].decode("utf-8", "replace")
        span = row[start : min(end, start + _NEAR)].decode("utf-8", "replace")
        after = row[end : end + _NEAR].decode("utf-8", "replace")
        before = _shown(before)
        if len(before) > _WIDTH // 2 or start > _NEAR:
            before = "..." + before[-_WIDTH // 2 :]
        rest = _shown(span + after)
        if len(before) + len(rest) > _WIDTH:
            rest = rest[: _WIDTH - len(before)] + "..."
        marks = "^" * max(1, min(len(span), _WIDTH - len(before)))
        return [
            self._paint("dim", f"{line:>6} | ") + before + rest,
            self._paint("dim", " " * 6 + " | ")
            + " " * len(before)
            + self._paint(finding.severity, marks),
        ]


def summary(files: int, counts: dict[str, int], *, strict: bool = False) -> str:
    """The last line of a run; `strict` if it fails for its warnings only."""
    said = [counted(counts[ERROR], "error"), counted(counts[WARNING], "warning")]
    if counts[INFO]:
        said.append(counted(counts[INFO], "note"))
    if not any(counts.values()):
        said = ["no findings"]
    why = " (warnings count as errors)" if strict else ""
    return f"{counted(files, 'config')}: {', '.join(said)}{why}\n"


def _without_secrets(row: bytes) -> bytes:
    """A line with asterisks in place of password hashes and header values, whatever the finding is about."""
    return _SECRET.sub(lambda found: found[1] + b"*" * len(found[2]), row)


def _inner(finding: LintFinding) -> str:
    inner = finding.inner
    assert inner is not None
    place = f"{inner.name}:{inner.line}:{inner.column}" if inner.line else inner.name
    return f"{place} at {inner.pointer}" if inner.pointer else place


def _shown(text: str) -> str:
    """Text that cannot move a terminal's cursor or change its colours."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)
