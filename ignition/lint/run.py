# SPDX-License-Identifier: Apache-2.0
"""Linting one config: what the engine says about it, then what only lint does, with places and spans."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate

from ignition.base.finding import ERROR, INFO, Finding, limit_findings
from ignition.base.origin import Origin, pointer
from ignition.config import check, codes, decode, fast, merge, rules, shapes, translate, versions
from ignition.lint import rules as lint_rules
from ignition.lint import spans
from ignition.lint.finding import Inner, LintFinding
from ignition.lint.inventory import Inventory
from ignition.lint.subject import Subject, inline_body, references

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.embedded import Embedded
    from ignition.lint.rule import Violation

    Path = tuple[str | int, ...]

# As deep as a boot follows configs in configs.
_DEPTH_MAX = 64
# Of the rule on modes that are octal by habit, which says all there is to say about one.
_OCTAL = "IGN1851"
_MOST_INSIDE = 4096


def lint(
    data: bytes, source: str, *, platform: str = "", systemd_verify: bool = False
) -> list[LintFinding]:
    """All findings on a config, ordered by line, column and code. Never raises for a bad config.

    source          what to call it in findings
    platform        a platform id: the config is held against the size that this one takes
    systemd_verify  also ask `systemd-analyze verify` about the units
    """
    config = _Config(data, source)
    inventory = Inventory()
    config.collect(inventory)
    return config.findings(inventory, platform, systemd_verify)


class Budget:
    """How many configs may still be looked at inside the outermost one."""

    def __init__(self) -> None:
        self._count = _MOST_INSIDE

    def exhausted(self) -> bool:
        """Takes one; whether there was none."""
        self._count -= 1
        return self._count < 0


class _Config:
    """One config with those inside it."""

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
            if body is None or body.data is None or depth >= _DEPTH_MAX:
                self.remote = self.remote or body is None
                self.too_deep += [path] if body is not None and depth >= _DEPTH_MAX else []
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
        """What is to say of this config and the ones inside it as one."""
        if self.too_deep or self.too_many:
            from ignition.lint.rules import inline

            for path in self.too_deep:
                message = f"more than {_DEPTH_MAX} configs refer to each other"
                yield inline.LIMIT_EXCEEDED.at((*path, "source"), message)
            for path in self.too_many[:1]:
                message = f"the config leads to more than {_MOST_INSIDE} others"
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
        """This config by itself, as the newest spec has it; None if it is refused."""
        if not self.accepted or self.value is None:
            return None
        from copy import deepcopy

        version = versions.lookup(self.value["ignition"]["version"])
        return translate.to_newest(deepcopy(self.value), version or shapes.NEWEST)

    def _merged(self) -> dict[str, Any] | None:
        """This config with those inside it merged in; None if one of them is refused."""
        value = self._translated()
        for path, _, child in self.children:
            inside = child._merged()
            if value is None or inside is None:
                return None
            value = inside if path[2] == "replace" else merge.merge(value, inside)
        return value

    def offset(self, line: int, column: int) -> int:
        """The byte offset of a line and column of this config."""
        return self._line_starts[line - 1] + column - 1

    @cached_property
    def _line_starts(self) -> list[int]:
        lengths = (len(line) + 1 for line in self.data.split(b"\n"))
        return list(accumulate(lengths, initial=0))

    def _engine_findings(self) -> Iterator[LintFinding]:
        """What the engine itself says, with spans."""
        assert self.checked is not None
        findings = list(self.checked.findings)
        failure = self.checked.failure
        if failure is not None and not any(each.severity == ERROR for each in findings):
            origin = failure.origin or Origin(self.source)
            findings.append(Finding(failure.code, ERROR, failure.text, origin, failure.hint))
        for each in findings:
            yield spans.engine_finding(self.data, self.source, self.checked, each)


def _read(data: bytes, source: str) -> tuple[dict[str, Any] | None, fast.CheckResult | None]:
    """The value of a config, None if it cannot be read, and what the exact reader said about it.

    That one is not asked if the quick one and the rules have nothing at all to say.
    """
    quick = fast.parse(data)
    if quick is not None and next(iter(rules.findings(*quick)), None) is None:
        return quick[0], None
    checked = check.check(data, source)
    value = checked.value
    if value is None and checked.document is not None:
        # The engine refuses it for what its rules say; the rest can be linted all the same.
        value = decode.decode(checked.document.root, shapes.for_version(checked.version))
    return value, checked


def _drop_octal_followups(found: list[LintFinding]) -> list[LintFinding]:
    """A mode written as people write it is one mistake: what it means in decimal is none of its own."""
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
    """A finding of a lint-only rule, with its place in the config."""
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
    """A finding on a config that stands in another one as a data URL, addressed in both."""
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
    """What was found, as a finding on the bytes of `span` in this config."""
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
