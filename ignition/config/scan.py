# SPDX-License-Identifier: Apache-2.0
"""JSON text to a tree of nodes that know their place, by the grammar of Go's encoding/json.

The text is looked at as latin-1, so that one character is one byte: offsets are byte offsets, and the
character in an error message is the one that Go names. Without recursion, in linear time.
"""

from __future__ import annotations

import _codecs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NULL, BOOL, NUMBER, STRING, ARRAY, OBJECT = "null", "bool", "number", "string", "array", "object"

MAX_DEPTH = 10000

_SPACE = " \t\n\r"
_DIGITS = "0123456789"
_HEX = "0123456789abcdefABCDEF"
_CONTROLS = tuple(chr(code) for code in range(0x20))
_ESCAPES = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip
_LITERALS = {"t": ("true", BOOL, True), "f": ("false", BOOL, False), "n": ("null", NULL, None)}


class SyntaxFault(Exception):
    """Not JSON. `offset` counts the bytes read, the offending one included."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text)
        self.text = text
        self.offset = offset


class Node:
    """One value of the text.

    kind    one of the constants above
    start   byte offset of its first byte
    end     byte offset after the literal; for lists and objects after the opening bracket
    value   None, bool or str; for a number its text; for a list its nodes; for an object a list of
            (key, byte offset of the key, node) in document order, repeats included
    """

    __slots__ = ("end", "kind", "start", "value")

    def __init__(self, kind: str, start: int, end: int, value: Any) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.value = value

    @property
    def place(self) -> int:
        """The byte offset that findings about this value name."""
        return self.end if self.kind == OBJECT or self.kind == ARRAY else self.start


class Tree:
    """The root node, and whether a number beyond 64-bit floats stands somewhere in the text."""

    __slots__ = ("huge_number", "root")

    def __init__(self, root: Node, huge_number: bool) -> None:
        self.root = root
        self.huge_number = huge_number


def scan(data: bytes) -> Tree:
    """The tree of a JSON text; SyntaxFault at its first fault."""
    return _Scanner(data).document()


class _Scanner:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.text = data.decode("latin-1")
        self.huge_number = False

    def document(self) -> Tree:
        text = self.text
        at = self.skip_space(0)
        root = self.start_value(at)
        at = root.end
        open_nodes = [root] if root.kind == OBJECT or root.kind == ARRAY else []
        while open_nodes:
            node = open_nodes[-1]
            closing = "}" if node.kind == OBJECT else "]"
            at = self.skip_space(at)
            char = text[at : at + 1]
            if node.value:
                if char == ",":
                    at = self.skip_space(at + 1)
                elif char == closing:
                    open_nodes.pop()
                    at += 1
                    continue
                elif node.kind == OBJECT:
                    raise self.fault(at, "after object key:value pair")
                else:
                    raise self.fault(at, "after array element")
            elif char == closing:
                open_nodes.pop()
                at += 1
                continue
            if node.kind == OBJECT:
                key_at = at
                key, at = self.key(at)
                child = self.start_value(self.skip_space(at))
                node.value.append((key, key_at, child))
            else:
                child = self.start_value(at)
                node.value.append(child)
            at = child.end
            if child.kind == OBJECT or child.kind == ARRAY:
                if len(open_nodes) == MAX_DEPTH:
                    raise self.fault(child.start, "exceeded max depth")
                open_nodes.append(child)
        at = self.skip_space(at)
        if at < len(text):
            raise self.fault(at, "after top-level value")
        return Tree(root, self.huge_number)

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

    def fault(self, at: int, where: str) -> SyntaxFault:
        """The fault at the byte `at`; at the end of the text its word is that the text ends too early."""
        if at >= len(self.text):
            return SyntaxFault("unexpected end of JSON input", len(self.text))
        return SyntaxFault(f"invalid character {quoted_byte(self.text[at])} {where}", at + 1)

    def token_fault(self, at: int, where: str) -> SyntaxFault:
        """A fault inside a literal. Go ends the input with a blank there, and complains about that one."""
        if at >= len(self.text):
            return SyntaxFault(f"invalid character ' ' {where}", len(self.text))
        return self.fault(at, where)

    def start_value(self, at: int) -> Node:
        """The scalar at `at`, or the list or object that opens there, still empty."""
        char = self.text[at : at + 1]
        if char == '"':
            value, end = self.string(at)
            return Node(STRING, at, end, value)
        if char == "{":
            return Node(OBJECT, at, at + 1, [])
        if char == "[":
            return Node(ARRAY, at, at + 1, [])
        if char and char in "-0123456789":
            end = self.number(at)
            return Node(NUMBER, at, end, self.text[at:end])
        if char and char in "tfn":
            word, kind, meaning = _LITERALS[char]
            for step in range(1, len(word)):
                if self.text[at + step : at + step + 1] != word[step]:
                    raise self.token_fault(
                        at + step, f"in literal {word} (expecting '{word[step]}')"
                    )
            return Node(kind, at, at + len(word), meaning)
        raise self.fault(at, "looking for beginning of value")

    def key(self, at: int) -> tuple[str, int]:
        """The key at `at` and the offset after its colon."""
        if self.text[at : at + 1] != '"':
            raise self.fault(at, "looking for beginning of object key string")
        key, at = self.string(at)
        at = self.skip_space(at)
        if self.text[at : at + 1] != ":":
            raise self.fault(at, "after object key")
        return key, at + 1

    def number(self, at: int) -> int:
        """The offset after the number at `at`."""
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
            self.huge_number = True
        return at

    def digits(self, at: int, where: str) -> int:
        """The offset after one or more digits."""
        text, start = self.text, at
        while at < len(text) and text[at] in _DIGITS:
            at += 1
        if at == start:
            raise self.token_fault(at, where)
        return at

    def string(self, at: int) -> tuple[str, int]:
        """The decoded string whose opening quote is at `at`, and the offset after its closing quote."""
        text = self.text
        start = at + 1
        end = text.find('"', start)
        backslash = text.find("\\", start, end if end >= 0 else len(text))
        if backslash < 0:
            self.plain_run(start, end)
            if end < 0:
                raise SyntaxFault("unexpected end of JSON input", len(text))
            return self.decoded(start, end), end + 1
        parts: list[str] = []
        while backslash >= 0:
            self.plain_run(start, backslash)
            parts.append(self.decoded(start, backslash))
            part, start = self.escape(backslash)
            parts.append(part)
            if 0 <= end < start:
                end = text.find('"', start)
            backslash = text.find("\\", start, end if end >= 0 else len(text))
        self.plain_run(start, end)
        if end < 0:
            raise SyntaxFault("unexpected end of JSON input", len(text))
        parts.append(self.decoded(start, end))
        return "".join(parts), end + 1

    def plain_run(self, start: int, end: int) -> None:
        """Refuses control characters in a part of a string without escapes."""
        run = self.text[start:] if end < 0 else self.text[start:end]
        if run.isascii() and run.isprintable():
            return
        first = min((run.find(control) for control in _CONTROLS if control in run), default=-1)
        if first >= 0:
            raise self.fault(start + first, "in string literal")

    def decoded(self, start: int, end: int) -> str:
        run = self.text[start:end]
        return run if run.isascii() else utf8(self.data[start:end])

    def escape(self, at: int) -> tuple[str, int]:
        """The character that the escape at `at` stands for, and the offset after it."""
        char = self.text[at + 1 : at + 2]
        if char == "u":
            code = self.hex4(at + 2)
            if 0xD800 <= code < 0xDC00 and self.text[at + 6 : at + 8] == "\\u":
                low = self.hex4(at + 8)
                if 0xDC00 <= low < 0xE000:
                    return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)), at + 12
            # Half a pair has no character; what follows is read on its own.
            return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code), at + 6
        value = _ESCAPES.get(char)
        if value is None:
            raise self.token_fault(at + 1, "in string escape code")
        return value, at + 2

    def hex4(self, at: int) -> int:
        for offset in range(at, at + 4):
            char = self.text[offset : offset + 1]
            if not char or char not in _HEX:
                raise self.token_fault(offset, "in \\u hexadecimal character escape")
        return int(self.text[at : at + 4], 16)


_HUGE = float("inf")


def quoted_byte(char: str) -> str:
    """A byte in single quotes as Go's syntax errors show it."""
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


def utf8(data: bytes) -> str:
    """UTF-8 as Go reads it: each byte that is no part of a character becomes U+FFFD by itself.

    (`errors="replace"` makes one of a whole broken sequence.)
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        _codecs.register_error("ignition.one-per-byte", _one_per_byte)
        return data.decode("utf-8", "ignition.one-per-byte")


def _one_per_byte(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\ufffd", error.start + 1
