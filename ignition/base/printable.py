# SPDX-License-Identifier: Apache-2.0
"""Escapes text for display: output cannot move the cursor, start a new line or reverse the writing direction.

Messages contain text from configs, file names and servers. Everything that the process prints goes through
these functions: the log, the journal, the console, reports and the output of commands.
"""

from __future__ import annotations

_SHORT = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
# Unicode bidi marks, embeddings, overrides and isolates, and the line and paragraph separators.
_INVISIBLE = frozenset((0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)))


def printable(text: str) -> str:
    """Text as one line, with control characters escaped as by Go's %q."""
    if text.isprintable():
        return text
    return text.translate(_LINE)


def printable_lines(text: str) -> str:
    """As `printable`, but keeps line breaks."""
    if text.isprintable():
        return text
    return text.translate(_LINES)


def printable_json(text: str) -> str:
    """JSON text with control characters as JSON escapes. Line breaks, which only occur between values,
    stay."""
    if text.isprintable():
        return text
    return text.translate(_JSON)


def escape(character: str) -> str:
    """The escape sequence of a character in a Go string literal."""
    short = _SHORT.get(character)
    if short is not None:
        return short
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # os.fsdecode represents bytes that are not UTF-8 this way
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_unsafe(code: int) -> bool:
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in _INVISIBLE


class _Line(dict[int, str]):
    """A table for `str.translate` that is filled lazily."""

    def __missing__(self, code: int) -> str:
        found = self[code] = escape(chr(code)) if _is_unsafe(code) else chr(code)
        return found


class _Json(dict[int, str]):
    """The same with JSON escapes."""

    def __missing__(self, code: int) -> str:
        found = self[code] = f"\\u{code:04x}" if _is_unsafe(code) else chr(code)
        return found


_LINE = _Line()
_LINES = _Line({0x0A: "\n"})
_JSON = _Json({0x0A: "\n"})
