# SPDX-License-Identifier: Apache-2.0
"""Texts embedded in a config, such as unit files in JSON strings and files in data URLs.

Maps positions in the text to positions in the config.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from ignition.config.document import Lines

if TYPE_CHECKING:
    from typing import Any

    from ignition.config.scan import Node

    Path = tuple[str | int, ...]

# Matches the encoding of one character; an invalid UTF-8 byte is one character.
_JSON_CHARACTER = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\."
    rb"|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|.",
    re.DOTALL,
)
_URL_BYTE = re.compile(r"%[0-9a-fA-F]{2}|.", re.DOTALL)


class Embedded:
    """One text.

    name    `a.service`, or the path of a file
    path    path of the JSON string that contains the text
    text    the decoded text
    url     the data URL that contains the text; "" if the JSON string is the text itself
    opaque  whether the encoding (base64, gzip) hides the text, so that positions cannot be mapped
    """

    def __init__(
        self, name: str, path: Path, text: str, url: str = "", *, opaque: bool = False
    ) -> None:
        self.name = name
        self.path = path
        self.text = text
        self.opaque = opaque
        self._url = url
        self._bytes: list[int] = []
        self._lines: Lines | None = None
        self._in_literal: list[int] = []
        self._in_url: list[int] = []

    def position(self, at: int) -> tuple[int, int]:
        """Line and column (in bytes, from 1) of the character at an index."""
        if self._lines is None:
            self._lines = Lines(self.text.encode("utf-8", "surrogatepass"))
        return self._lines.position(self._byte(at))

    def offset(self, at: int, node: Node, data: bytes) -> int:
        """The byte offset in the config of the character at an index. Not for opaque texts."""
        return self._offset(self._byte(at) if self._url else at, node, data)

    def offset_of_byte(self, at: int, node: Node, data: bytes) -> int:
        """The byte offset in the config of a byte of the text, which must be in a data URL and not opaque."""
        return self._offset(at, node, data)

    def _offset(self, at: int, node: Node, data: bytes) -> int:
        if self._url:
            if not self._in_url:
                comma = self._url.index(",") + 1
                starts = _starts(_URL_BYTE, self._url[comma:])
                self._in_url = [comma + start for start in starts]
            at = self._in_url[min(at, len(self._in_url) - 1)]
        if not self._in_literal:
            self._in_literal = _starts(_JSON_CHARACTER, data[node.start + 1 : node.end - 1])
        return node.start + 1 + self._in_literal[min(at, len(self._in_literal) - 1)]

    def _byte(self, at: int) -> int:
        if self.text.isascii():
            return at
        if not self._bytes:
            widths = (len(each.encode("utf-8", "surrogatepass")) for each in self.text)
            self._bytes = list(accumulate(widths, initial=0))
        return self._bytes[at]


def _starts(pattern: re.Pattern[Any], text: Any) -> list[int]:
    """The start of each match of a pattern, and the end of the text."""
    return [match.start() for match in pattern.finditer(text)] + [len(text)]
