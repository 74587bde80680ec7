# SPDX-License-Identifier: Apache-2.0
"""Scans JSON text into a flat tree of values with positions, by the grammar of Go's encoding/json.

The text is decoded as latin-1, so that offsets are byte offsets, and error messages show the same character
as Go's. Iterative, in linear time.
"""

from __future__ import annotations

import _bisect
import _codecs
import _json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, NoReturn

_KINDS = ("null", "bool", "number", "string", "array", "object")
NULL, BOOL, NUMBER, STRING, ARRAY, OBJECT = _KINDS
_NULL, _BOOL, _NUMBER, _STRING, _ARRAY, _OBJECT = range(6)

MAX_DEPTH = 10000
# Bytes per stored offset.
_WIDTH = 4

_SPACE = " \t\n\r"
_DIGITS = "0123456789"
_HEX = "0123456789abcdefABCDEF"
_CONTROLS = tuple(chr(code) for code in range(0x20))
_ESCAPES = '"\\/bfnrt'
_LITERALS = {"t": ("true", _BOOL), "f": ("false", _BOOL), "n": ("null", _NULL)}

_scanstring: Any = _json.scanstring


class JsonSyntaxError(Exception):
    """Invalid JSON. `offset` is the number of bytes read, including the offending one."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text)
        self.text = text
        self.offset = offset


class Tree:
    """All values of a text in parallel arrays, in document order. Each takes only a few bytes.

    Keys of objects are stored as strings before their values. `ends` has the offset after each value; for
    lists and objects it is after the closing bracket, so everything that starts before it is inside.
    """

    __slots__ = ("data", "ends", "huge_number", "kinds", "starts", "text")

    def __init__(self, data: bytes) -> None:
        self.data = data
        # One character is one byte.
        self.text = data.decode("latin-1")
        self.kinds = bytearray()
        self.starts = pack_offsets(())
        self.ends = pack_offsets(())
        # Whether the text has a number that overflows a 64-bit float.
        self.huge_number = False

    @property
    def root(self) -> Node:
        return Node(self, 0)

    def containers(self) -> Iterator[Node]:
        """All lists and objects, in document order."""
        return (Node(self, index) for index, kind in enumerate(self.kinds) if kind >= _ARRAY)

    def after(self, index: int) -> int:
        """The index after a value and everything inside it."""
        following, end = index + 1, self.ends[index]
        if following == len(self.starts) or self.starts[following] >= end:
            return following
        return _bisect.bisect_left(self.starts, end, following)


def pack_offsets(numbers: Iterable[int]) -> memoryview:
    """An array of 32-bit numbers. The `array` module would import `collections`."""
    packed = bytearray()
    for number in numbers:
        packed += number.to_bytes(_WIDTH, sys.byteorder)
    return memoryview(packed).cast("I")


class Node:
    """A value of the text; created on access."""

    __slots__ = ("index", "tree")

    def __init__(self, tree: Tree, index: int) -> None:
        self.tree = tree
        self.index = index

    @property
    def kind(self) -> str:
        return _KINDS[self.tree.kinds[self.index]]

    @property
    def start(self) -> int:
        """Byte offset of the first byte."""
        return self.tree.starts[self.index]

    @property
    def end(self) -> int:
        """Byte offset after the literal; for lists and objects after the opening bracket."""
        tree, index = self.tree, self.index
        return tree.starts[index] + 1 if tree.kinds[index] >= _ARRAY else tree.ends[index]

    @property
    def close(self) -> int:
        """Byte offset after the whole value."""
        return self.tree.ends[self.index]

    @property
    def finding_offset(self) -> int:
        """Byte offset that findings about this value refer to."""
        return self.end if self.tree.kinds[self.index] >= _ARRAY else self.start

    @property
    def value(self) -> Any:
        """None, a bool or a str; for a number its literal."""
        tree, index = self.tree, self.index
        kind = tree.kinds[index]
        if kind == _STRING:
            return _string(tree, index)
        if kind == _NUMBER:
            return tree.text[tree.starts[index] : tree.ends[index]]
        return tree.text[tree.starts[index]] == "t" if kind == _BOOL else None

    def items(self) -> Iterator[Node]:
        """The nodes of a list."""
        tree, at, end = self.tree, self.index + 1, self.tree.ends[self.index]
        starts, count = tree.starts, len(tree.starts)
        while at < count and starts[at] < end:
            yield Node(tree, at)
            at = tree.after(at)

    def members(self) -> Iterator[tuple[str, int, Node]]:
        """(key, byte offset of the key, node) of each member of an object, including repeated keys."""
        tree, at, end = self.tree, self.index + 1, self.tree.ends[self.index]
        starts, count = tree.starts, len(tree.starts)
        while at < count and starts[at] < end:
            yield _string(tree, at), starts[at], Node(tree, at + 1)
            at = tree.after(at + 1)


def scan(data: bytes) -> Tree:
    """Scans a JSON text. JsonSyntaxError at the first error."""
    return _Scanner(Tree(data)).document()


def _string(tree: Tree, index: int) -> str:
    """The decoded string or key at `index`."""
    start, end = tree.starts[index] + 1, tree.ends[index] - 1
    run = tree.text[start:end]
    if "\\" not in run:
        return run if run.isascii() else decode_utf8(tree.data[start:end])
    if not run.isascii():
        run = decode_utf8(tree.data[start:end])
    found: str = _scanstring(run + '"', 0, True)[0]
    if "\\ud" in run or "\\uD" in run:
        # Go replaces lone surrogates.
        return found.translate(_ReplaceSurrogates())
    return found


class _ReplaceSurrogates(dict[int, str]):
    """A lazy table for `str.translate` that replaces surrogates with U+FFFD."""

    def __missing__(self, code: int) -> str:
        found = self[code] = "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
        return found


class _Scanner:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.text = tree.text
        # Growing arrays in the format of `pack_offsets`.
        self.starts = bytearray()
        self.ends = bytearray()

    def add(self, kind: int, start: int, end: int) -> None:
        """Appends a value."""
        self.tree.kinds.append(kind)
        self.starts += start.to_bytes(_WIDTH, sys.byteorder)
        self.ends += end.to_bytes(_WIDTH, sys.byteorder)

    def document(self) -> Tree:
        text, tree = self.text, self.tree
        kinds, ends = tree.kinds, self.ends
        # A stack of open lists and objects; `filled` tells whether the innermost has an item.
        open_values: list[int] = []
        at = self.value(self.skip_space(0))
        if kinds[0] >= _ARRAY:
            open_values.append(0)
        filled = False
        while open_values:
            container = open_values[-1]
            is_object = kinds[container] == _OBJECT
            at = self.skip_space(at)
            char = text[at : at + 1]
            if filled and char == ",":
                at = self.skip_space(at + 1)
            elif char == ("}" if is_object else "]"):
                open_values.pop()
                at += 1
                ends[container * _WIDTH : (container + 1) * _WIDTH] = at.to_bytes(
                    _WIDTH, sys.byteorder
                )
                filled = True
                continue
            elif filled:
                raise self.error(
                    at, "after object key:value pair" if is_object else "after array element"
                )
            if is_object:
                at = self.skip_space(self.key(at))
            child = len(kinds)
            at = self.value(at)
            filled = True
            if kinds[child] >= _ARRAY:
                if len(open_values) == MAX_DEPTH:
                    raise self.error(at - 1, "exceeded max depth")
                open_values.append(child)
                filled = False
        at = self.skip_space(at)
        if at < len(text):
            raise self.error(at, "after top-level value")
        tree.starts = memoryview(self.starts).cast("I")
        tree.ends = memoryview(self.ends).cast("I")
        return tree

    def skip_space(self, at: int) -> int:
        text = self.text
        if text[at : at + 1] not in _SPACE:
            return at
        while True:
            chunk = text[at : at + 64]
            rest = chunk.lstrip(_SPACE)
            at += len(chunk) - len(rest)
            if rest or not chunk:
                return at

    def error(self, at: int, where: str) -> JsonSyntaxError:
        """The error for the byte `at`, or for an unexpected end of the text."""
        if at >= len(self.text):
            return JsonSyntaxError("unexpected end of JSON input", len(self.text))
        return JsonSyntaxError(f"invalid character {quote_byte(self.text[at])} {where}", at + 1)

    def token_error(self, at: int, where: str) -> JsonSyntaxError:
        """An error inside a literal. Go appends a space to the input, and reports that space at the end."""
        if at >= len(self.text):
            return JsonSyntaxError(f"invalid character ' ' {where}", len(self.text))
        return self.error(at, where)

    def value(self, at: int) -> int:
        """Scans a scalar or an opening bracket; returns the offset after it."""
        char = self.text[at : at + 1]
        add = self.add
        if char == '"':
            end = self.string(at)
            add(_STRING, at, end)
        elif char == "{":
            end = at + 1
            add(_OBJECT, at, end)
        elif char == "[":
            end = at + 1
            add(_ARRAY, at, end)
        elif char and char in "-0123456789":
            end = self.number(at)
            add(_NUMBER, at, end)
        elif char and char in "tfn":
            word, kind = _LITERALS[char]
            end = at + len(word)
            if self.text[at:end] != word:
                self.raise_literal_error(at, word)
            add(kind, at, end)
        else:
            raise self.error(at, "looking for beginning of value")
        return end

    def raise_literal_error(self, at: int, word: str) -> NoReturn:
        for step in range(1, len(word)):
            if self.text[at + step : at + step + 1] != word[step]:
                raise self.token_error(at + step, f"in literal {word} (expecting '{word[step]}')")
        raise AssertionError(word)

    def key(self, at: int) -> int:
        """Scans a key; returns the offset after its colon."""
        if self.text[at : at + 1] != '"':
            raise self.error(at, "looking for beginning of object key string")
        end = self.string(at)
        self.add(_STRING, at, end)
        at = self.skip_space(end)
        if self.text[at : at + 1] != ":":
            raise self.error(at, "after object key")
        return at + 1

    def number(self, at: int) -> int:
        """Scans a number; returns the offset after it."""
        text, start = self.text, at
        if text[at] == "-":
            at += 1
        if text[at : at + 1] == "0":
            at += 1
        else:
            at = self.digits(at, "in numeric literal")
        whole = at
        if text[at : at + 1] == ".":
            at = self.digits(at + 1, "after decimal point in numeric literal")
        if text[at : at + 1] in ("e", "E"):
            at += 1
            if text[at : at + 1] in ("+", "-"):
                at += 1
            at = self.digits(at, "in exponent of numeric literal")
        if (at > whole or at - start > 300) and float(text[start:at]) in (_HUGE, -_HUGE):
            self.tree.huge_number = True
        return at

    def digits(self, at: int, where: str) -> int:
        """Scans one or more digits; returns the offset after them."""
        text, start = self.text, at
        while at < len(text) and text[at] in _DIGITS:
            at += 1
        if at == start:
            raise self.token_error(at, where)
        return at

    def string(self, at: int) -> int:
        """Scans a string from its opening quote; returns the offset after the closing one."""
        text = self.text
        start = at + 1
        end = text.find('"', start)
        if end >= 0 and text.find("\\", start, end) < 0:
            self.plain_run(start, end)
            return end + 1
        try:
            # In C. Without json.decoder loaded, it cannot raise JSONDecodeError and fails in other ways.
            end = _scanstring(text, start, True)[1]
        except (ValueError, ImportError, SystemError):
            self.raise_string_error(start)
        return int(end)

    def raise_string_error(self, start: int) -> NoReturn:
        """Raises the first error in the string that starts at `start`."""
        text = self.text
        end = text.find('"', start)
        while True:
            backslash = text.find("\\", start, end if end >= 0 else len(text))
            if backslash < 0:
                self.plain_run(start, end)
                raise JsonSyntaxError("unexpected end of JSON input", len(text))
            self.plain_run(start, backslash)
            start = self.escape(backslash)
            if 0 <= end < start:
                end = text.find('"', start)

    def plain_run(self, start: int, end: int) -> None:
        """Rejects control characters in a part of a string without escapes."""
        run = self.text[start:] if end < 0 else self.text[start:end]
        if run.isascii() and run.isprintable():
            return
        first = min((run.find(control) for control in _CONTROLS if control in run), default=-1)
        if first >= 0:
            raise self.error(start + first, "in string literal")

    def escape(self, at: int) -> int:
        """Scans an escape sequence; returns the offset after it."""
        char = self.text[at + 1 : at + 2]
        if char == "u":
            self.hex4(at + 2)
            return at + 6
        if not char or char not in _ESCAPES:
            raise self.token_error(at + 1, "in string escape code")
        return at + 2

    def hex4(self, at: int) -> None:
        for offset in range(at, at + 4):
            char = self.text[offset : offset + 1]
            if not char or char not in _HEX:
                raise self.token_error(offset, "in \\u hexadecimal character escape")


_HUGE = float("inf")


def quote_byte(char: str) -> str:
    """A byte in single quotes, as in Go's syntax errors."""
    if char == "'":
        return "'\\''"
    short = {
        "\a": "a",
        "\b": "b",
        "\f": "f",
        "\n": "n",
        "\r": "r",
        "\t": "t",
        "\v": "v",
        "\\": "\\",
    }
    if char in short:
        return f"'\\{short[char]}'"
    if char.isprintable():
        return f"'{char}'"
    return f"'\\x{ord(char):02x}'" if char < "\x80" else f"'\\u{ord(char):04x}'"


def decode_utf8(data: bytes) -> str:
    """Decodes UTF-8 as Go does: each invalid byte becomes one U+FFFD.

    (`errors="replace"` would make one of a whole truncated sequence.)
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        _codecs.register_error("ignition.one-per-byte", _one_per_byte)
        return data.decode("utf-8", "ignition.one-per-byte")


def _one_per_byte(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\ufffd", error.start + 1
