# SPDX-License-Identifier: Apache-2.0
"""JSON on the boot path: decoded by the interpreter's C scanner, encoded as Go encodes it.

Importing `json` would also import `re` and `enum`, 11 ms at every start. This decoder is for the engine's own
files and the fast path; `config.document` reads configs whose interpretation is in doubt.
"""

from __future__ import annotations

import _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Most lists and objects in one text: each takes two bytes of JSON, but at least 64 bytes of memory.
_MAX_CONTAINERS = 4 << 20

_SPACE = " \t\n\r"


class _Scan:
    """The attributes that the C scanner reads from its context object."""

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
    """Decodes JSON. ValueError without a position if the text is not JSON."""
    start = len(text) - len(text.lstrip(_SPACE))
    try:
        value, end = _scan(text, start)
    except (StopIteration, SystemError, ValueError, RecursionError, ImportError) as error:
        # Without json.decoder loaded, the scanner cannot raise JSONDecodeError and fails in other ways.
        raise ValueError("not JSON") from error
    if text[end:].strip(_SPACE):
        raise ValueError("text after the value")
    return value


def loads_strict(data: bytes) -> Any:
    """Decodes one of the engine's own files, which somebody may have replaced.

    ValueError also for values that could not be encoded again: a lone surrogate, a number beyond 64-bit
    floats, or too deep nesting.
    """
    value = loads_untrusted(data)
    try:
        dumps(value).encode()
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


def loads_untrusted(data: bytes) -> Any:
    """Decodes JSON from an untrusted source. ValueError for text that would take far more memory than its
    size."""
    if data.count(b"[") + data.count(b"{") > _MAX_CONTAINERS:
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
    """Escapes JSON text as Go does, for HTML and JavaScript. These characters only occur inside strings."""
    if "<" in text or ">" in text or "&" in text:
        text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    if "\u2028" in text or "\u2029" in text:
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text


def dumps(value: object) -> str:
    """Compact JSON; keys keep their order."""
    return escape("".join(_compact(value, 0)))


def dumps_indent(value: object, most: int = 0) -> str:
    """JSON indented by two spaces, with empty objects and lists on one line as in Go.

    Iterative, so any depth works. ValueError above `most` characters (0: no limit), since deeply nested JSON
    is mostly indentation.
    """
    pieces: list[str] = []
    size = 0
    # A stack of what remains to be written: literal text, or a value with its nesting level.
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
