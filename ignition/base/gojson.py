# SPDX-License-Identifier: Apache-2.0
"""JSON on the boot path: read by the interpreter's C scanner, written as Go writes it.

The `json` package is not imported: it brings `re` and `enum`, 11 ms at every start. This reader is for our
own files and for the fast path; configs whose reading is in any doubt go through `config.document`.
"""

from __future__ import annotations

import _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Lists and objects in one text: each takes some 64 bytes, and is written with two.
_MOST_PARTS = 4 << 20

_SPACE = " \t\n\r"


class _Scan:
    """The settings that the C scanner reads from its context."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}

    @staticmethod
    def parse_constant(name: str) -> float:
        raise ValueError(f"{name} is not JSON")


_scan: Any = _json.make_scanner(_Scan())  # type: ignore[arg-type]


def loads(text: str) -> Any:
    """The value of JSON text. ValueError says only that the text is not JSON, not where."""
    start = len(text) - len(text.lstrip(_SPACE))
    try:
        value, end = _scan(text, start)
    except (StopIteration, SystemError, ValueError, RecursionError, ImportError) as error:
        # Without json.decoder the scanner has no exception of its own to raise.
        raise ValueError("not JSON") from error
    if text[end:].strip(_SPACE):
        raise ValueError("text after the value")
    return value


def loads_strict(data: bytes) -> Any:
    """The value of a JSON text that we wrote, or that somebody put in its place.

    ValueError also for what could not be written again: half of a surrogate pair, a number beyond 64-bit
    floats, what is nested too deep.
    """
    value = loads_untrusted(data)
    try:
        dumps(value).encode()
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


def loads_untrusted(data: bytes) -> Any:
    """The value of a JSON text of somebody else, which must not be many times its size in memory."""
    if data.count(b"[") + data.count(b"{") > _MOST_PARTS:
        raise ValueError("too many parts")
    return loads(data.decode())


def _no_default(value: object) -> object:
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _encoder(item_separator: str, key_separator: str) -> Any:
    make: Any = _json.make_encoder
    return make(
        None,
        _no_default,
        _json.encode_basestring,
        None,
        key_separator,
        item_separator,
        False,
        False,
        False,
    )


_compact = _encoder(",", ":")


def escape(text: str) -> str:
    """JSON text as Go writes it: safe inside HTML and JavaScript. Only strings can hold these characters."""
    if "<" in text or ">" in text or "&" in text:
        text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    if "\u2028" in text or "\u2029" in text:
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text


def dumps(value: object) -> str:
    """Compact JSON, keys in their order."""
    return escape("".join(_compact(value, 0)))


def dumps_indent(value: object, most: int = 0) -> str:
    """JSON indented by two blanks; empty objects and lists on one line, as Go's encoder has them.

    Without recursion. ValueError when the text would have more than `most` characters (0: no limit): what is
    nested deep is mostly indentation.
    """
    pieces: list[str] = []
    size = 0
    # What is still to be written, the next at the end: text as it is, or a value and how deep it stands.
    todo: list[str | tuple[Any, int]] = [(value, 0)]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            text = item
        else:
            value, level = item
            if not value or not isinstance(value, (dict, list)):
                text = dumps(value)
            else:
                inner = "  " * (level + 1)
                if most and len(inner) * len(value) > most:
                    raise ValueError("too large")
                text, close = ("{", "}") if isinstance(value, dict) else ("[", "]")
                todo.append(f"\n{inner[2:]}{close}")
                if isinstance(value, dict):
                    rows = [(f"\n{inner}{dumps(key)}: ", part) for key, part in value.items()]
                else:
                    rows = [(f"\n{inner}", part) for part in value]
                for index in range(len(rows) - 1, -1, -1):
                    before, part = rows[index]
                    todo.append((part, level + 1))
                    todo.append(f",{before}" if index else before)
        pieces.append(text)
        size += len(text)
        if most and size > most:
            raise ValueError("too large")
    return "".join(pieces)
