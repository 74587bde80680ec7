# SPDX-License-Identifier: Apache-2.0
"""Findings as text for terminals: location, message, excerpt with markers, hint."""

from __future__ import annotations

from ignition.base.finding import ERROR, INFO, WARNING
from ignition.base.printable import printable
from ignition.lint.finding import LintFinding
from ignition.lint.formats import pluralize
from ignition.lint.formats.excerpt import Excerpts
from ignition.lint.result import LintResult

_COLOURS = {
    ERROR: "\x1b[1;31m",
    WARNING: "\x1b[1;35m",
    INFO: "\x1b[1;34m",
    "hint": "\x1b[36m",
    "dim": "\x1b[2m",
}
_PLAIN = "\x1b[0m"
# Maximum width of an excerpt in characters; a data URL may be a megabyte long.
_WIDTH = 100
# Bytes around a finding that an excerpt may need: a character has at most four.
NEAR = 4 * _WIDTH


class Text:
    """Formats findings, optionally with colours."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def _paint(self, what: str, text: str) -> str:
        return f"{_COLOURS[what]}{text}{_PLAIN}" if self._colour else text

    def file(self, result: LintResult) -> str:
        """All findings of one config."""
        excerpts = Excerpts(result.lines, plain=result.plain)
        return "".join(self._finding(finding, excerpts) for finding in result.findings)

    def _finding(self, finding: LintFinding, excerpts: Excerpts) -> str:
        origin = finding.origin
        place = f"{origin.source}:{origin.line}:{origin.column}" if origin.line else origin.source
        severity = self._paint(finding.severity, f"{finding.severity} {finding.code}")
        out = [f"{printable(place)}: {severity}: {printable(finding.message)}"]
        if origin.pointer:
            out.append(self._paint("dim", f"    at {printable(origin.pointer)}"))
        if finding.inner is not None:
            out.append(self._paint("dim", f"    in {printable(_inner(finding))}"))
        if origin.line in excerpts and not finding.secret:
            out += self._excerpt(excerpts.around(finding, NEAR), finding)
        if finding.hint:
            out.append("    " + self._paint("hint", "hint: ") + printable(finding.hint))
        return "\n".join(out) + "\n"

    def _excerpt(self, around: tuple[bytes, bytes, bytes], finding: LintFinding) -> list[str]:
        row, indent, marks = marked(around, finding.origin.column)
        return [
            self._paint("dim", f"{finding.origin.line:>6} | ") + row,
            self._paint("dim", " " * 6 + " | ") + indent + self._paint(finding.severity, marks),
        ]


def marked(around: tuple[bytes, bytes, bytes], column: int) -> tuple[str, str, str]:
    """A line, shortened to what is near its span; and the spaces and markers to print below it.

    `around` is the text before the span, the span, and the text after it; `column` is where the span starts
    in the whole line. Columns count bytes, markers count characters.
    """
    before, span, after = (part.decode("utf-8", "replace") for part in around)
    before = _one_wide(before)
    if len(before) > _WIDTH // 2 or column > NEAR:
        before = "..." + before[-_WIDTH // 2 :]
    rest = _one_wide(span + after)
    if len(before) + len(rest) > _WIDTH:
        rest = rest[: _WIDTH - len(before)] + "..."
    marks = "^" * max(1, min(len(span), _WIDTH - len(before)))
    return before + rest, " " * len(before), marks


def summary(files: int, counts: dict[str, int], *, strict: bool = False) -> str:
    """The last line of the output. `strict`: the run only fails because of warnings."""
    parts = [pluralize(counts[ERROR], "error"), pluralize(counts[WARNING], "warning")]
    if counts[INFO]:
        parts.append(pluralize(counts[INFO], "note"))
    if not any(counts.values()):
        parts = ["no findings"]
    why = " (warnings count as errors)" if strict else ""
    return f"{pluralize(files, 'config')}: {', '.join(parts)}{why}\n"


def _inner(finding: LintFinding) -> str:
    inner = finding.inner
    assert inner is not None
    place = f"{inner.name}:{inner.line}:{inner.column}" if inner.line else inner.name
    return f"{place} at {inner.pointer}" if inner.pointer else place


def _one_wide(text: str) -> str:
    """Replaces unprintable characters by spaces, so that markers below line up."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)
