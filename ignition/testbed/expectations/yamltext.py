# SPDX-License-Identifier: Apache-2.0
"""Writes YAML as a person would: plain words, octal modes, block scalars, short lists in one line."""

from __future__ import annotations

import json
import re
from typing import Any

_PLAIN = re.compile(
    r"(?:\.{1,2}/|[A-Za-z/])[\w/.@+=%~-]*(?::[\w/.@+=%~-]+)*(?: [\w/.@+=%~-]+)*|[0-9]+(?:ms|s|m|min|h)",
    re.ASCII,
)
# Words that a YAML parser, of whatever version, takes for something else than text.
_NOT_TEXT = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])
_UNPRINTABLE = re.compile(
    r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_SHORT = 80


class Octal(int):
    """Permission bits, written in octal."""

    @property
    def text(self) -> str:
        return f"0{self:03o}" if self < 0o1000 else f"{self:05o}"


def member(key: str, value: Any, indent: int = 0) -> str:
    """The lines `key: value`."""
    start = " " * indent + key + ":"
    if isinstance(value, dict) and value:
        return start + "\n" + _mapping(value, indent + 2)
    if isinstance(value, list) and value:
        line = f"{start} [{', '.join(_scalar(item, in_list=True) for item in value)}]"
        if len(line) <= _SHORT and not any(isinstance(item, dict) for item in value) and indent:
            return line + "\n"
        return start + "\n" + "".join(_list_item(item, indent + 2) for item in value)
    if isinstance(value, str) and _fits_block(value):
        return f"{start} {_block(value, indent + 2)}"
    return f"{start} {_scalar(value)}\n"


def printable(text: str) -> str:
    """Text in one line, with control characters as escapes."""
    return escape_unprintable(text.replace("\n", "\\n"))


def _quote(text: str) -> str:
    """Text in double quotes, for JSON and YAML."""
    return escape_unprintable(json.dumps(text, ensure_ascii=False))


def escape_unprintable(text: str) -> str:
    """Escapes what a YAML parser refuses, or takes for the end of a line."""
    return _UNPRINTABLE.sub(lambda found: _escape(found[0]), text)


def _mapping(value: dict[str, Any], indent: int) -> str:
    return "".join(member(key, item, indent) for key, item in value.items())


def _list_item(value: Any, indent: int) -> str:
    if isinstance(value, dict) and value:
        body = _mapping(value, indent + 2)
        return body[:indent] + "- " + body[indent + 2 :]
    return f"{' ' * indent}- {_scalar(value)}\n"


def _fits_block(text: str) -> bool:
    """Whether a block scalar shows the text as it is: several lines that an editor keeps."""
    lines = text.split("\n")
    return (
        "\n" in text
        and text[0] not in "\n\t "
        and not _UNPRINTABLE.search(text.replace("\t", ""))
        and all(line == line.rstrip(" \t") for line in lines)
    )


def _block(text: str, indent: int) -> str:
    """A literal block scalar. Its first line is not indented, so it needs no indentation indicator."""
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    chomp = {0: "-", 1: ""}.get(ends, "+")
    lines = [*body.split("\n"), *[""] * (ends - 1)]
    rows = (f"{' ' * indent}{line}" if line else "" for line in lines)
    return f"|{chomp}\n" + "".join(f"{row}\n" for row in rows)


def _scalar(value: Any, *, in_list: bool = False) -> str:
    if isinstance(value, Octal):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT and not (in_list and "," in text):
        return text
    return _quote(text)


def _escape(character: str) -> str:
    """The escape that JSON and YAML share."""
    return f"\\u{ord(character):04x}"
