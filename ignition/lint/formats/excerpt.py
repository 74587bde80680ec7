# SPDX-License-Identifier: Apache-2.0
"""Excerpts of config lines with secrets masked, because CI logs are read by more people than configs.

Keys, numbers and the values of members that hold no secrets are shown. Every byte of other values is replaced
by an asterisk, which keeps columns valid. If a finding points into an embedded text, the word there is shown,
too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ignition.config import tables
from ignition.lint.finding import LintFinding

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?$)(\s*:)?|[^\s"{}\[\],:]+', re.DOTALL)
# Members whose values are not secret, in lower case: keys are matched without case.
_PUBLIC = frozenset(
    b"compression device devices format group groups guid hash homedir id label level mode mountoptions name"
    b" noproxy options parttypeguid path pin primarygroup shell startmib sizemib target thumbprint typeguid"
    b" variant version".split()
)
_KEYS = frozenset(
    row[0].encode() for types in tables.VERSIONS.values() for rows in types.values() for row in rows
)
_LITERAL = re.compile(rb"-?[0-9.]+(?:[eE][+-]?[0-9]+)?|true|false|null")
# The part of a URL without user, query, fragment and inline data.
_URL = re.compile(rb"(?i:data:[^,\"]{0,80},?|[a-z0-9+.-]+:(?://(?:[^@/?#\"]*@)?)?[^?#\"]*)")
_USER = re.compile(rb"//[^@/?#\"]*@")
# In an embedded text: the name of a setting, the program of a command, a section header.
_WORD = re.compile(rb"\[?[\w./@%+-]{1,64}\]?")
# In a file of expectations: the value of a password hash.
_PASSWORD = re.compile(rb"(?<=password_hash)\S*.*")


class Excerpts:
    """The lines of one config; each is masked once, regardless of the number of findings in it.

    `plain`: the lines are of a file of expectations, in which only password hashes are masked.
    """

    def __init__(self, lines: dict[int, bytes], *, plain: bool = False) -> None:
        self._lines = lines
        self._plain = plain
        self._masked: dict[int, bytes] = {}

    def __contains__(self, line: int) -> bool:
        return line in self._lines

    def around(self, finding: LintFinding, near: int) -> tuple[bytes, bytes, bytes]:
        """Up to `near` masked bytes each before the finding, of its span, and after it."""
        line = finding.origin.line
        row = self._lines[line]
        masked = self._masked.get(line)
        if masked is None:
            masked = _PASSWORD.sub(_stars, row) if self._plain else _masked(row, _key(finding))
            self._masked[line] = masked
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
        elif len(span) == 1:  # an invalid byte
            span = row[start : start + 1]
        return masked[max(0, start - near) : start], span, masked[end : end + near]


def _stars(found: re.Match[bytes]) -> bytes:
    return b"*" * len(found[0])


def _key(finding: LintFinding) -> bytes:
    """The member that the line starts in, judging by the pointer of a finding."""
    steps = [step for step in finding.origin.pointer.split("/") if not step.isdigit()]
    return steps[-1].lower().encode("utf-8", "surrogatepass")


def _masked(row: bytes, key: bytes) -> bytes:
    """Masks a line; the length stays the same."""
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
    """Spans of a value to mask."""
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
