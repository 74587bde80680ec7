# SPDX-License-Identifier: Apache-2.0
"""Linting one config: the findings of the engine and of the lint rules, with their positions."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from ignition.base.finding import ERROR, INFO, Finding, limit_findings
from ignition.base.origin import Origin, pointer
from ignition.config import check, codes, decode, fast, merge, rules, shapes, translate, versions
from ignition.lint import rules as lint_rules
from ignition.lint import spans
from ignition.lint.finding import Inner, LintFinding
from ignition.lint.inventory import Inventory
from ignition.lint.subject import Subject, inline_body, references

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.embedded import Embedded
    from ignition.lint.rule import Violation

    Path = tuple[str | int, ...]

# The engine's limits on nested configs.
_MAX_DEPTH = 64
# Code of the rule on octal modes, see _drop_octal_followups.
_OCTAL = "IGN1851"
_MAX_NESTED = 4096


def lint(
    data: bytes, source: str, *, platform: str = "", systemd_verify: bool = False
) -> list[LintFinding]:
    """All findings on a config, ordered by line, column and code. Never raises for a bad config.

    source          name of the config in findings
    platform        platform id whose user data limit applies
    systemd_verify  also run `systemd-analyze verify` on the units
    """
    config = _Config(data, source)
    inventory = Inventory()
    config.collect(inventory)
    return config.findings(inventory, platform, systemd_verify)


class Budget:
    """How many more nested configs may be linted."""

    def __init__(self) -> None:
        self._count = _MAX_NESTED

    def exhausted(self) -> bool:
        """Takes one from the budget; returns whether it was used up."""
        self._count -= 1
        return self._count < 0


class _Config:
    """One config with the configs in its data URLs."""

    def __init__(
        self, data: bytes, source: str, depth: int = 0, budget: Budget | None = None
    ) -> None:
        self.data = data
        self.source = source
        self.depth = depth
        self.value, self.checked = _read(data, source)
        self.accepted = self.checked is None or self.checked.failure is None
        self.children: list[tuple[Path, Embedded | None, _Config]] = []
        self.remote = False
        self.too_deep: list[Path] = []
        self.too_many: list[Path] = []
        budget = budget or Budget()
        for resource, path in references(self.value or {}):
            body = inline_body(resource, path)
            if body is None or body.data is None or depth >= _MAX_DEPTH:
                self.remote = self.remote or body is None
                self.too_deep += [path] if body is not None and depth >= _MAX_DEPTH else []
            elif budget.exhausted():
                self.too_many.append(path)
            else:
                child = _Config(body.data, source, depth + 1, budget)
                self.children.append((path, body.text(""), child))

    def collect(self, inventory: Inventory) -> None:
        inventory.add(self.value or {})
        inventory.complete = inventory.complete and not self.remote and self.value is not None
        for _, _, child in self.children:
            child.collect(inventory)

    def findings(
        self, inventory: Inventory, platform: str, systemd_verify: bool
    ) -> list[LintFinding]:
        text = self.checked.document if self.checked else None
        subject = Subject(
            self.data, self.source, self.value or {}, inventory, text=text, platform=platform
        )
        found = list(self._engine_findings()) if self.checked else []
        if self.value is not None:
            own, more = limit_findings(lint_rules.violations(subject))
            found.extend(_locate(subject, each) for each in own)
            if systemd_verify:
                from ignition.lint import verify

                found.extend(_locate(subject, each) for each in verify.violations(subject))
            found.extend(_locate(subject, each) for each in self._merge_violations())
            inner, more_inside = limit_findings(
                _outer_finding(subject, path, embedded, child, each)
                for path, embedded, child in self.children
                for each in child.findings(inventory, "", systemd_verify)
            )
            found += inner
            if (more or more_inside) and all(each.code != codes.MORE_FINDINGS for each in found):
                where, words = Origin(self.source), codes.MORE_FINDINGS_MESSAGE
                found.append(LintFinding(codes.MORE_FINDINGS, INFO, words, where))
        found = _drop_octal_followups(found)
        found.sort(key=lambda each: (each.origin.line, each.origin.column, each.code))
        return found

    def _merge_violations(self) -> Iterator[Violation]:
        """Violations of this config and its inline configs as a whole."""
        if self.too_deep or self.too_many:
            from ignition.lint.rules import inline

            for path in self.too_deep:
                message = f"configs are nested more than {_MAX_DEPTH} levels deep"
                yield inline.LIMIT_EXCEEDED.at((*path, "source"), message)
            for path in self.too_many[:1]:
                message = f"the config references more than {_MAX_NESTED} others"
                yield inline.LIMIT_EXCEEDED.at((*path, "source"), message, "merge them into one")
        if any(path[2] == "merge" for path, _, _ in self.children):
            from ignition.lint.rules import merged

            own = self._translated()
            inside = [(path, child._merged()) for path, _, child in self.children]
            known = [(path, value) for path, value in inside if value is not None]
            found = merged.check_merge(own, known) if own is not None else None
            if found is not None:
                yield found

    def _translated(self) -> dict[str, Any] | None:
        """This config translated to the newest spec; None if the engine refuses it."""
        if not self.accepted or self.value is None:
            return None
        from copy import deepcopy

        version = versions.lookup(self.value["ignition"]["version"])
        return translate.to_newest(deepcopy(self.value), version or shapes.NEWEST)

    def _merged(self) -> dict[str, Any] | None:
        """This config merged with its inline configs; None if the engine refuses one of them."""
        value = self._translated()
        for path, _, child in self.children:
            inside = child._merged()
            if value is None or inside is None:
                return None
            value = inside if path[2] == "replace" else merge.merge(value, inside)
        return value

    def offset(self, line: int, column: int) -> int:
        """The byte offset of a line and column."""
        return self._line_starts[line - 1] + column - 1

    @cached_property
    def _line_starts(self) -> list[int]:
        lengths = (len(line) + 1 for line in self.data.split(b"\n"))
        return list(accumulate(lengths, initial=0))

    def _engine_findings(self) -> Iterator[LintFinding]:
        """The findings of the engine."""
        assert self.checked is not None
        findings = list(self.checked.findings)
        failure = self.checked.failure
        if failure is not None and not any(each.severity == ERROR for each in findings):
            origin = failure.origin or Origin(self.source)
            findings.append(Finding(failure.code, ERROR, failure.text, origin, failure.hint))
        for each in findings:
            yield spans.engine_finding(self.data, self.source, self.checked, each)


def _read(data: bytes, source: str) -> tuple[dict[str, Any] | None, fast.CheckResult | None]:
    """Parses a config: its value, None if it cannot be parsed, and the result of the exact reader.

    The result is None if the fast reader accepts the config and no rule of the engine reports anything.
    """
    quick = fast.parse(data)
    if quick is not None and next(iter(rules.findings(*quick)), None) is None:
        return quick[0], None
    checked = check.check(data, source)
    value = checked.value
    if value is None and checked.document is not None:
        # A rule of the engine failed, but the config can be decoded and linted.
        value = decode.decode(checked.document.root, shapes.for_version(checked.version))
    return value, checked


def _drop_octal_followups(found: list[LintFinding]) -> list[LintFinding]:
    """Drops findings on the decimal value of a mode that was written in octal: one mistake, one finding."""
    from ignition.config.rules import nodes

    octal = {
        each.origin.pointer: each.hint for each in found if each.code == _OCTAL and not each.inner
    }
    if not octal:
        return found
    illegal = set()
    for each in found:
        if each.code == nodes.ILLEGAL_MODE.code and each.origin.pointer in octal:
            each.hint = octal[each.origin.pointer]
            illegal.add(each.origin.pointer)
    return [
        each
        for each in found
        if each.inner
        or each.origin.pointer not in octal
        or not (
            each.code == nodes.SPECIAL_BITS.code
            or (each.code == _OCTAL and each.origin.pointer in illegal)
        )
    ]


def _locate(subject: Subject, found: Violation) -> LintFinding:
    """The finding for a violation, with its position in the config."""
    text = subject.document
    node = text.nearest(found.path)
    start, end = spans.value_span(text, node)
    inner = None
    embedded = found.text
    if embedded is not None:
        line, column = embedded.position(found.start)
        inner = Inner(embedded.name, line, column)
        if not embedded.opaque:
            start = embedded.offset(found.start, node, subject.data)
            end = embedded.offset(found.end, node, subject.data)
    return _finding(subject, found.path, (start, end), inner, found)


def _outer_finding(
    subject: Subject, path: Path, embedded: Embedded | None, child: _Config, found: LintFinding
) -> LintFinding:
    """The finding on an inline config, with its position in this config and in the inline one."""
    text = subject.document
    source = (*path, "source")
    node = text.nearest(source)
    start, end = node.start, node.end
    at = found.origin
    if embedded is not None and not embedded.opaque and at.line:
        first = child.offset(at.line, at.column)
        last = child.offset(found.end_line or at.line, found.end_column or at.column)
        start = embedded.offset_of_byte(first, node, subject.data)
        end = embedded.offset_of_byte(max(first + 1, last), node, subject.data)
    name, deeper = f"config in {pointer(path)}", found.inner
    if deeper is None:
        inner = Inner(name, at.line, at.column, at.pointer)
    else:
        where = deeper.pointer or at.pointer
        inner = Inner(f"{name}, {deeper.name}", deeper.line, deeper.column, where)
    return _finding(subject, source, (start, end), inner, found)


def _finding(
    subject: Subject,
    path: Path,
    span: tuple[int, int],
    inner: Inner | None,
    found: Violation | LintFinding,
) -> LintFinding:
    """A finding on the bytes of `span` in this config."""
    lines = subject.document.lines
    line, column = lines.position(span[0])
    end_line, end_column = lines.position(span[1])
    return LintFinding(
        found.code,
        found.severity,
        found.message,
        Origin(subject.source, pointer(path), line, column),
        found.hint,
        end_line,
        end_column,
        inner,
        found.secret,
    )
