# SPDX-License-Identifier: Apache-2.0
"""The lines of configs and expectations files that results point at, with secrets masked.

Whoever reads the results may not read the configs: CI shows them to more people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from ignition.base.files import read_regular
from ignition.base.origin import Origin
from ignition.lint.finding import LintFinding
from ignition.lint.formats.excerpt import Excerpts
from ignition.lint.formats.text import NEAR, marked

# The value or key at a column: a quoted text, a word, or one character of punctuation.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|\'[^\']*\'?|[^\s"\'{}\[\],:]+|.', re.DOTALL)
# In an expectations file in YAML, values are what the author wants compared and shown, but these.
_SECRET = re.compile(rb"(\bpassword_hash[\"']?\s*:\s*)(.*)")
_USER = re.compile(rb"://[^@/?#\s\"']*@")


@dataclass(frozen=True)
class Excerpt:
    """One line of a file. `indent` and `marks` are printed below `row` to underline the span."""

    line: int
    row: str
    indent: str
    marks: str

    @property
    def text(self) -> str:
        """Two lines, the number of the line in front."""
        number = str(self.line)
        return f"{number} | {self.row}\n{' ' * len(number)} | {self.indent}{self.marks}"


@dataclass(frozen=True)
class Sources:
    """Reads each file once. A source that is no readable file, such as a URL, has no excerpts."""

    _lines: dict[str, list[bytes]] = field(default_factory=dict, repr=False)

    def excerpt(self, place: Origin | None) -> Excerpt | None:
        """The line at `place`, or None if it is unknown."""
        if place is None or not place.line:
            return None
        lines = self._of(place.source)
        if place.line > len(lines):
            return None
        row = lines[place.line - 1].rstrip(b"\r")
        is_json = b"".join(lines[:50]).lstrip()[:1] in (b"{", b"[")
        around = _json_around(row, place) if is_json else _yaml_around(row, place)
        return Excerpt(place.line, *marked(around, place.column))

    def _of(self, source: str) -> list[bytes]:
        if source not in self._lines:
            try:
                self._lines[source] = read_regular(source, follow=True).split(b"\n")
            except (OSError, ValueError):  # ValueError: a NUL in the name
                self._lines[source] = []
        return self._lines[source]


def _end(row: bytes, start: int) -> int:
    token = _TOKEN.match(row, start)
    return token.end() if token else start


def _json_around(row: bytes, place: Origin) -> tuple[bytes, bytes, bytes]:
    """Masked as lint does it."""
    start = max(place.column - 1, 0)
    span = LintFinding("", "error", "", place, "", place.line, _end(row, start) + 1)
    return Excerpts({place.line: row}).around(span, NEAR)


def _yaml_around(row: bytes, place: Origin) -> tuple[bytes, bytes, bytes]:
    row = _masked(row)
    start = min(max(place.column - 1, 0), len(row))
    end = _end(row, start)
    return (
        row[max(0, start - NEAR) : start],
        row[start : min(end, start + NEAR)],
        row[end : end + NEAR],
    )


@lru_cache(maxsize=16)
def _masked(row: bytes) -> bytes:
    """Masks a line; the length stays the same."""
    row = _SECRET.sub(lambda found: found[1] + b"*" * len(found[2]), row)
    return _USER.sub(lambda found: b"://" + b"*" * (len(found[0]) - 4) + b"@", row)
