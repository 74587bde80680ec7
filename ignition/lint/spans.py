# SPDX-License-Identifier: Apache-2.0
"""Spans of findings: of values, of keys, and of syntax errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ignition.base.finding import Finding
from ignition.base.origin import Origin, pointer
from ignition.config import codes, decode, scan, shapes, versions
from ignition.config.document import Document, Lines
from ignition.lint.finding import LintFinding

if TYPE_CHECKING:
    from ignition.config.fast import CheckResult
    from ignition.config.scan import Node

_LITERAL = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def value_span(text: Document, node: Node) -> tuple[int, int]:
    """Offset of the first byte of a value, and of the byte after it.

    Objects and lists start after their opening bracket, as everywhere in positions.
    """
    if node.kind not in (scan.OBJECT, scan.ARRAY):
        return node.start, node.end
    return node.finding_offset, node.close


def engine_finding(data: bytes, source: str, checked: CheckResult, finding: Finding) -> LintFinding:
    """Adds the span to a finding of the engine.

    The start stays, except for syntax and type errors: Ignition reports the position after the invalid byte,
    lint points to the byte itself.
    """
    if finding.code == codes.SYNTAX:
        return _at(finding, Lines(data), *_syntax_span(data))
    text = checked.document
    if text is None:
        return _unread(data, finding)
    if not finding.origin.line or not text.has_positions:
        return _spanning(finding, finding.origin, 0, 0)
    path = _path(text, finding.origin.pointer)
    if finding.code == codes.UNUSED_KEY:
        start = text.key_offset(path)
        literal = _LITERAL.match(data, start)
        end = literal.end() if literal else start + 1
    else:
        end = value_span(text, text.nearest(path))[1]
    return _spanning(finding, finding.origin, *text.lines.position(end))


def _unread(data: bytes, finding: Finding) -> LintFinding:
    """A finding on a config that cannot be decoded: wrong type, missing or unknown version."""
    text = Document(data, finding.origin.source, scan.scan(data)) if data else None
    if text is None or not finding.origin.line:
        return _spanning(finding, finding.origin, 0, 0)
    if finding.code != codes.TYPE:
        end = value_span(text, text.nearest(("ignition", "version")))[1]
        return _spanning(finding, finding.origin, *text.lines.position(end))
    try:
        stub = decode.decode(text.root, shapes.VERSION_STUB)
        version = versions.lookup(stub.get("ignition", {}).get("version", ""))
        decode.decode(text.root, shapes.for_version(version or shapes.NEWEST))
    except decode.TypeMismatch as fault:
        at = Origin(finding.origin.source, pointer(fault.path))
        place = Finding(finding.code, finding.severity, finding.message, at, finding.hint)
        return _at(place, text.lines, *value_span(text, fault.node))
    return _spanning(finding, finding.origin, 0, 0)


def _syntax_span(data: bytes) -> tuple[int, int]:
    """The invalid character; the last one if the text is truncated."""
    try:
        scan.scan(data)
    except scan.JsonSyntaxError as fault:
        start = min(max(fault.offset - 1, 0), max(len(data.rstrip()) - 1, 0))
        end = start + 1
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end += 1
        return start, end
    return 0, 0


def _at(finding: Finding, lines: Lines, start: int, end: int) -> LintFinding:
    line, column = lines.position(start)
    origin = Origin(finding.origin.source, finding.origin.pointer, line, column)
    return _spanning(finding, origin, *lines.position(end))


def _spanning(finding: Finding, origin: Origin, end_line: int, end_column: int) -> LintFinding:
    return LintFinding(
        finding.code, finding.severity, finding.message, origin, finding.hint, end_line, end_column
    )


def _path(text: Document, words: str) -> tuple[str | int, ...]:
    """Resolves a JSON pointer in a document to a path."""
    path: list[str | int] = []
    node: Node | None = text.root
    for word in words.split("/")[1:]:
        step: str | int = word.replace("~1", "/").replace("~0", "~")
        if node is not None and node.kind == scan.ARRAY and word.isdecimal():
            step = int(word)
        path.append(step)
        node = text.child(node, step) if node is not None else None
    return tuple(path)
