# SPDX-License-Identifier: Apache-2.0
"""Text of guests made fit to print: consoles without control sequences, limits of lines and characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ignition.base.printable import printable, printable_lines

# ECMA-48: CSI sequences, strings (OSC, DCS, PM, APC, SOS) with their ends, and other escape sequences. A
# string without an end stops at the end of its line.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# Characters of one console line that are kept.
LINE = 500


def console_tail(console: str, limit: int) -> str:
    """The last lines of a console, printable, in about `limit` characters.

    Of a line that was overwritten (carriage return), the last state stays, as on a terminal.
    """
    kept = console[-4 * limit :]
    lines = [_last_state(line) for line in _SEQUENCE.sub("", kept).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    shown: list[str] = []
    size = 0
    for line in reversed(lines):
        shown.append(clipped(printable(line), LINE))
        size += len(shown[-1]) + 1
        if size >= limit:
            break
    if len(shown) < len(lines) or len(kept) < len(console):
        shown.append("…")
    return "\n".join(reversed(shown))


def _last_state(line: str) -> str:
    parts = line.replace("\x08", "").replace("\x00", "").rstrip("\r").split("\r")
    return next((part for part in reversed(parts) if part), "")


def clipped(text: str, limit: int) -> str:
    """The start of a text, with the number of characters that are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit} more characters)"


def clipped_lines(text: str, lines: int, width: int = LINE) -> Iterator[str]:
    """The first lines of a text, printable, and how many are left out."""
    rows = text.rstrip("\n").split("\n") if text else []
    for row in rows[:lines]:
        yield printable(clipped(row.rstrip("\r"), width))
    if len(rows) > lines:
        yield f"… ({len(rows) - lines} more lines)"


def clipped_text(text: str, limit: int) -> str:
    """The start of a text of several lines, printable."""
    return printable_lines(clipped(text.replace("\r\n", "\n"), limit))
