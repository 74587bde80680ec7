# SPDX-License-Identifier: Apache-2.0
"""Text on its way to people: nothing in it can move a cursor, begin a line or turn the direction of writing.

Configs, file names and servers give words that end up in messages. All that leaves the process as a line
goes through here, at the border: the log, the journal, the console, reports and what commands say.
"""

from __future__ import annotations

_SHORT = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
# Marks, embeddings, overrides and isolates of writing direction, and the two separators that end a line.
_UNSEEN = frozenset((0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)))


def printable(text: str) -> str:
    """The text as one line, its control characters written out as Go's %q does; other text is unchanged."""
    if text.isprintable():
        return text
    return text.translate(_LINE)


def printable_lines(text: str) -> str:
    """The same for a text of several lines, whose ends are its own."""
    if text.isprintable():
        return text
    return text.translate(_LINES)


def printable_json(text: str) -> str:
    """JSON with the same characters as escapes of JSON, so that its meaning is unchanged. Line ends stay: in
    JSON they only stand between values."""
    if text.isprintable():
        return text
    return text.translate(_JSON)


def escape(character: str) -> str:
    """One character as an escape of Go's string literals."""
    short = _SHORT.get(character)
    if short is not None:
        return short
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as os.fsdecode keeps it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _moves(code: int) -> bool:
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in _UNSEEN


class _Line(dict[int, str]):
    """The table of `str.translate`, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        found = self[code] = escape(chr(code)) if _moves(code) else chr(code)
        return found


class _Json(dict[int, str]):
    """The same in the words of JSON."""

    def __missing__(self, code: int) -> str:
        found = self[code] = f"\\u{code:04x}" if _moves(code) else chr(code)
        return found


_LINE = _Line()
_LINES = _Line({0x0A: "\n"})
_JSON = _Json({0x0A: "\n"})
