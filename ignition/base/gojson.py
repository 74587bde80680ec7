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


def loads_sound(data: bytes) -> Any:
    """The value of a JSON text that we wrote, or that somebody put in its place.

    ValueError also for what could not be written again: half of a surrogate pair, a number beyond 64-bit
    floats, what is nested too deep.
    """
    value = loads(data.decode())
    try:
        dumps(value).encode()
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


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


def dumps_indent(value: object, level: int = 0) -> str:
    """JSON indented by two blanks; empty objects and lists on one line, as Go's encoder has them."""
    pad, inner = "  " * level, "  " * (level + 1)
    if isinstance(value, dict) and value:
        rows = [
            f"{inner}{dumps(key)}: {dumps_indent(item, level + 1)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(rows) + f"\n{pad}}}"
    if isinstance(value, list) and value:
        rows = [inner + dumps_indent(item, level + 1) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{pad}]"
    return dumps(value)
