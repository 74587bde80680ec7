# SPDX-License-Identifier: Apache-2.0
"""A line of a config as it may be shown: logs of CI servers are read by more people than the config is.

Keys, numbers and the values of members that hold no secret stay; all other values become asterisks, byte for
byte, so that columns stay right. Where a finding is about a word inside a text, that word stays, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ignition.config import tables
from ignition.lint.finding import LintFinding

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?$)(\s*:)?|[^\s"{}\[\],:]+', re.DOTALL)
# Members whose values name things; folded as the engine folds keys.
_PUBLIC = frozenset(
    b"compression device devices format group groups guid hash homedir id label level mode mountoptions name"
    b" noproxy options parttypeguid path pin primarygroup shell startmib sizemib target thumbprint typeguid"
    b" variant version".split()
)
_KEYS = frozenset(
    row[0].encode() for types in tables.VERSIONS.values() for rows in types.values() for row in rows
)
_LITERAL = re.compile(rb"-?[0-9.]+(?:[eE][+-]?[0-9]+)?|true|false|null")
# What of a URL names a place: no user, query, fragment or inline data.
_URL = re.compile(rb"(?i:data:[^,\"]{0,80},?|[a-z0-9+.-]+:(?://(?:[^@/?#\"]*@)?)?[^?#\"]*)")
_USER = re.compile(rb"//[^@/?#\"]*@")
# Of a text inside a config: the name of a setting, the program of a command, a section.
_WORD = re.compile(rb"\[?[\w./@%+-]{1,64}\]?")


class Excerpts:
    """The lines of one config. Each is looked through once, however many findings stand on it."""

    def __init__(self, lines: dict[int, bytes]) -> None:
        self._lines = lines
        self._masked: dict[int, bytes] = {}

    def __contains__(self, line: int) -> bool:
        return line in self._lines

    def around(self, finding: LintFinding, near: int) -> tuple[bytes, bytes, bytes]:
        """What may be shown before the finding, of what it is about, and after it, `near` bytes of each."""
        line = finding.origin.line
        row = self._lines[line]
        masked = self._masked.get(line)
        if masked is None:
            masked = self._masked[line] = _masked(row, _key(finding))
        start = max(finding.origin.column - 1, 0)
        end = start
        if finding.end_line == line:
            end = min(max(finding.end_column - 1, start), len(row))
        elif finding.end_line:
            end = len(row)
        span = masked[start : min(end, start + near)]
        if finding.inner is not None and finding.inner.line:
            word = _WORD.match(row, start, end)
            span = word[0] + span[len(word[0]) :] if word else span
        elif len(span) == 1:  # a byte that is no JSON
            span = row[start : start + 1]
        return masked[max(0, start - near) : start], span, masked[end : end + near]


def _key(finding: LintFinding) -> bytes:
    """The member in which a line begins, as far as a finding tells: items of lists have their own lines."""
    steps = [step for step in finding.origin.pointer.split("/") if not step.isdigit()]
    return steps[-1].lower().encode("utf-8", "surrogatepass")


def _masked(row: bytes, key: bytes) -> bytes:
    """A line as long as before, with what may always be shown of it."""
    masked = bytearray(row)
    for token in _TOKEN.finditer(row):
        text = token[0]
        if token[1] is not None:
            key = text[1 : text.rindex(b'"')].lower()
            continue
        first, last = token.span()
        if text[:1] == b'"':
            first, last = first + 1, last - text.endswith(b'"')
        elif _LITERAL.fullmatch(text) or text in _KEYS:
            continue
        for start, end in _hidden(row, first, last, key):
            masked[start:end] = b"*" * (end - start)
    return bytes(masked)


def _hidden(row: bytes, first: int, last: int, key: bytes) -> Iterator[tuple[int, int]]:
    """The parts of a value that are not shown."""
    if key in _PUBLIC:
        return
    if key == b"source":
        place = _URL.match(row, first, last)
        if place is not None:
            user = _USER.search(row, first, place.end())
            if user is not None:
                yield user.start() + 2, user.end() - 1
            first = place.end()
    yield first, last
