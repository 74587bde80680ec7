# SPDX-License-Identifier: Apache-2.0
"""Findings as JUnit XML, which every CI server shows: one test case per config."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from ignition.base.finding import ERROR
from ignition.lint.finding import LintFinding
from ignition.lint.linted import Linted


def write(run: list[Linted]) -> str:
    """One suite. Errors are failures; warnings and notes stand in the output of their case."""
    failed = sum(any(_is_error(finding) for finding in linted.findings) for linted in run)
    head = f'name="ignition lint" tests="{len(run)}" failures="{failed}" errors="0" skipped="0"'
    cases = "".join(_case(linted) for linted in run)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites {head}>\n  <testsuite {head}>\n{cases}  </testsuite>\n</testsuites>\n"
    )


def _case(linted: Linted) -> str:
    open_tag = f'    <testcase classname="ignition lint" name={_attribute(linted.name)}'
    if not linted.findings:
        return f"{open_tag}/>\n"
    errors = [finding for finding in linted.findings if _is_error(finding)]
    others = [finding for finding in linted.findings if not _is_error(finding)]
    inside = ""
    if errors:
        # Most readers show only the first failure of a case: so there is one, and it holds all errors.
        first = errors[0]
        inside += (
            f"      <failure type={_attribute(first.code)} message={_attribute(first.message)}>"
            f"{_text(errors)}</failure>\n"
        )
    if others:
        inside += f"      <system-out>{_text(others)}</system-out>\n"
    return f"{open_tag}>\n{inside}    </testcase>\n"


def _is_error(finding: LintFinding) -> bool:
    return finding.severity == ERROR


def _text(findings: list[LintFinding]) -> str:
    return escape(_allowed("\n".join(_line(finding) for finding in findings)))


def _line(finding: LintFinding) -> str:
    line = f"{finding.origin}: {finding.severity} {finding.code}: {finding.message}"
    if finding.inner is not None:
        line += f" (in {finding.inner.name}, line {finding.inner.line})"
    return f"{line}\n  hint: {finding.hint}" if finding.hint else line


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    """Text without what XML 1.0 cannot hold, not even escaped: most control characters, surrogates."""
    return "".join(
        character
        if character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
        else "\ufffd"
        for character in text
    )
