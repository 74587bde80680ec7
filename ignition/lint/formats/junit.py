# SPDX-License-Identifier: Apache-2.0
"""Findings as JUnit XML, with one test case per config.

Valid against the schemas of both Ant and Jenkins' xUnit plugin.
"""

from __future__ import annotations

import os
import time
from xml.etree import ElementTree

from ignition.base.printable import printable
from ignition.lint.finding import LintFinding
from ignition.lint.result import LintResult


def write(results: list[LintResult]) -> str:
    """One suite. Findings that make a config fail are failures; all others go to the suite's output."""
    failed = sum(not result.unreadable and bool(result.failures) for result in results)
    now = time.time()
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        {
            "name": "ignition lint",
            "package": "ignition",
            "id": "0",
            "tests": str(len(results)),
            "failures": str(failed),
            "errors": str(sum(result.unreadable for result in results)),
            "skipped": "0",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)),
            "hostname": allowed(os.uname().nodename) or "localhost",
            "time": _seconds(sum(result.seconds for result in results)),
        },
    )
    ElementTree.SubElement(suite, "properties")
    for result in results:
        _case(suite, result)
    others = [each for result in results for each in result.findings if not result.fails(each)]
    ElementTree.SubElement(suite, "system-out").text = _text(others)
    ElementTree.SubElement(suite, "system-err").text = ""
    ElementTree.indent(suites)
    body = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _case(suite: ElementTree.Element, result: LintResult) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {
            "classname": "ignition lint",
            "name": allowed(printable(result.name)),
            "time": _seconds(result.seconds),
        },
    )
    failures = result.failures
    if failures:
        # Most tools only show the first failure of a test case, so one failure lists all findings.
        first = failures[0]
        kind = "error" if result.unreadable else "failure"
        attributes = {"type": first.code, "message": allowed(printable(first.message))}
        ElementTree.SubElement(case, kind, attributes).text = _text(failures)


def _seconds(time_taken: float) -> str:
    return f"{time_taken:.3f}"


def _text(findings: list[LintFinding]) -> str:
    return allowed("\n".join(_line(finding) for finding in findings))


def _line(finding: LintFinding) -> str:
    line = f"{finding.origin}: {finding.severity} {finding.code}: {finding.message}"
    if finding.inner is not None:
        line += f" (in {finding.inner.name}, line {finding.inner.line})"
    return (
        f"{printable(line)}\n  hint: {printable(finding.hint)}" if finding.hint else printable(line)
    )


def allowed(text: str) -> str:
    """Replaces characters that XML 1.0 does not allow even escaped: most control characters, surrogates."""
    return "".join(
        character
        if character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
        else "\ufffd"
        for character in text
    )
