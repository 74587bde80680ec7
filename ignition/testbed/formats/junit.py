# SPDX-License-Identifier: Apache-2.0
"""Results as JUnit XML: a suite per case, in it one test case for the boot and one per check.

Valid against the schemas of both Ant and Jenkins' xUnit plugin. GitLab merges all suites of a job and Jenkins
groups by class, so the name of the case is the class, too. Both show the text of a failure, which therefore
says all that is known about it.
"""

from __future__ import annotations

import os
import time
from xml.etree import ElementTree

from ignition.base.printable import printable
from ignition.lint.formats.junit import allowed
from ignition.testbed.formats.plain import clipped_lines, console_tail
from ignition.testbed.formats.words import (
    attempts,
    by_status,
    cause_sentence,
    labels,
    outcome,
    position,
    reached_checks,
    run_name,
    what,
)
from ignition.testbed.results import CaseResult, Check, RunResult, Status, Verdict

# The guest or the host broke, so nothing is known about the config. All others are failures.
_ERRORS = (Verdict.CRASHED, Verdict.TIMEOUT, Verdict.HOST_PROBLEM)
# Characters of a console, by whether the case passed; GitLab reads reports of up to 30 MB.
_CONSOLE = {True: 4 << 10, False: 32 << 10}
_DETAIL_LINES = 100


def write(run: RunResult) -> str:
    suites = ElementTree.Element("testsuites")
    for number, case in enumerate(run.cases):
        _suite(suites, number, case, run.started)
    ElementTree.indent(suites)
    body = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(suites: ElementTree.Element, number: int, case: CaseResult, started: float) -> None:
    ran = reached_checks(case)
    is_error = case.verdict in _ERRORS
    name = _one_line(case.name)
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        {
            "name": name,
            "package": "ignition",
            "id": str(number),
            "tests": str(len(case.checks) + 1),
            "failures": str(len(by_status(case, Status.FAILED)) + (not ran and not is_error)),
            "errors": str(int(is_error)),
            "skipped": str(len(by_status(case, Status.NOT_DECIDED))),
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started)),
            "hostname": allowed(os.uname().nodename) or "localhost",
            "time": f"{case.seconds:.3f}",
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in _properties(case).items():
        ElementTree.SubElement(properties, "property", {"name": key, "value": value})
    boot = _test_case(suite, name, run_name(case), case.seconds)
    if not ran:
        _fail(boot, "error" if is_error else "failure", *_why(case))
    for check in case.checks:
        _check(suite, name, check)
    ElementTree.SubElement(suite, "system-out").text = allowed(_output(case))
    ElementTree.SubElement(suite, "system-err").text = ""


def _properties(case: CaseResult) -> dict[str, str]:
    facts = {
        "verdict": case.verdict.value,
        **labels(case),
        "attempts": str(case.attempts),
        "flaky": "true" if case.flaky else "",
        "artefacts": str(case.artefacts or ""),
        "repeat": case.repeat,
    }
    return {name: _one_line(value) for name, value in facts.items() if value}


def _test_case(
    suite: ElementTree.Element, case: str, name: str, seconds: float = 0.0
) -> ElementTree.Element:
    attributes = {"classname": case, "name": _one_line(name), "time": f"{seconds:.3f}"}
    return ElementTree.SubElement(suite, "testcase", attributes)


def _check(suite: ElementTree.Element, case: str, check: Check) -> None:
    test = _test_case(suite, case, what(check))
    if check.status is Status.NOT_DECIDED:
        ElementTree.SubElement(test, "skipped", {"message": allowed(outcome(check))})
    elif check.status is Status.FAILED:
        detail = clipped_lines(check.detail, _DETAIL_LINES)
        text = "\n".join([f"{position(check.place)}: {what(check)}: {outcome(check)}", *detail])
        _fail(test, "failure", Verdict.EXPECTATION_FAILED.value, outcome(check), text)


def _fail(test: ElementTree.Element, kind: str, code: str, message: str, text: str) -> None:
    attributes = {"type": allowed(code), "message": allowed(message)}
    ElementTree.SubElement(test, kind, attributes).text = allowed(text)


def _why(case: CaseResult) -> tuple[str, str, str]:
    """Code, sentence and text of a case without a machine to check."""
    cause = case.cause
    if cause is None:
        return case.verdict.value, case.verdict.value, _about(case)
    sentence = cause_sentence(cause)
    lines = [f"{position(cause.place)}: {sentence}" if cause.place else sentence]
    if cause.hint:
        lines.append(f"  hint: {printable(cause.hint)}")
    for each in case.findings:
        lines.append(printable(f"{each.origin}: {each.severity} {each.code}: {each.message}"))
    return printable(cause.code) or case.verdict.value, sentence, "\n".join([*lines, _about(case)])


def _about(case: CaseResult) -> str:
    """What else is known, one fact per line."""
    facts = {
        "attempts": attempts(case),
        "artefacts": printable(str(case.artefacts or "")),
        "repeat": printable(case.repeat),
    }
    notes = [f"note: {printable(note)}" for note in case.notes]
    return "\n".join([*notes, *(f"{name}: {text}" for name, text in facts.items() if text)])


def _output(case: CaseResult) -> str:
    """What is known, and the end of each console."""
    parts = [_about(case)] if _about(case) else []
    limit = _CONSOLE[case.verdict is Verdict.PASSED]
    for number, boot in enumerate(case.boots, 1):
        if boot.console:
            parts.append(f"console of boot {number}:\n{console_tail(boot.console, limit)}")
    return "\n\n".join(parts)


def _one_line(text: str) -> str:
    return allowed(printable(text))
