# SPDX-License-Identifier: Apache-2.0
"""Results as TAP 14: a subtest per case, in it a test point per check.

Source: https://testanything.org/tap-version-14-specification.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from ignition.base.printable import printable, printable_lines
from ignition.testbed.formats.plain import clipped_text
from ignition.testbed.formats.words import (
    labels,
    outcome,
    place_in,
    reached_checks,
    run_name,
    tally,
    what,
)
from ignition.testbed.results import CaseResult, Cause, Check, RunResult, Status, Verdict

# Characters of a diff; the artefact folder has all of it.
_DETAIL = 4000


def write(run: RunResult) -> str:
    lines = ["TAP version 14", f"1..{len(run.cases)}"]
    for number, case in enumerate(run.cases, 1):
        lines += [f"    {line}" for line in _subtest(case)]
        ok = case.verdict is Verdict.PASSED
        lines += _point(ok, number, case.name, _diagnostic(_case(case)))
    return "\n".join(lines) + "\n"


def _subtest(case: CaseResult) -> Iterator[str]:
    """Starts with a comment that names the subtest, as the specification recommends."""
    yield f"# Subtest: {_description(case.name)}"
    yield f"1..{len(case.checks) + 1}"
    ran = reached_checks(case)
    why = {} if ran or case.cause is None else _cause(case.cause)
    yield from _point(ran, 1, run_name(case), _diagnostic(why))
    for number, check in enumerate(case.checks, 2):
        yield from _check(number, check)


def _check(number: int, check: Check) -> list[str]:
    if check.status is Status.NOT_DECIDED:
        return [f"ok {number} - {_description(what(check))} # SKIP {_description(outcome(check))}"]
    if check.status is Status.PASSED:
        return _point(True, number, what(check), [])
    found = {
        "at": place_in(check.place),
        "expected": check.expected,
        "found": check.found or "nothing",
        "detail": clipped_text(check.detail, _DETAIL),
    }
    return _point(False, number, what(check), _diagnostic(found))


def _point(ok: bool, number: int, name: str, diagnostic: list[str]) -> list[str]:
    return [f"{'ok' if ok else 'not ok'} {number} - {_description(name)}", *diagnostic]


def _case(case: CaseResult) -> dict[str, Any]:
    facts: dict[str, Any] = {"verdict": case.verdict.value, **labels(case)}
    if case.attempts > 1:
        facts |= {"attempts": case.attempts, "flaky": case.flaky}
    facts["duration_ms"] = round(case.seconds * 1000)
    facts["checks"] = str(tally(case.checks))
    if case.cause is not None:
        facts |= _cause(case.cause)
    facts["findings"] = [
        {
            "code": finding.code,
            "severity": finding.severity,
            "message": finding.message,
            "at": place_in(finding.origin),
        }
        for finding in case.findings
    ]
    facts["notes"] = list(case.notes)
    facts["artefacts"] = str(case.artefacts or "")
    facts["repeat"] = "" if case.verdict is Verdict.PASSED else case.repeat
    return facts


def _cause(cause: Cause) -> dict[str, Any]:
    at = place_in(cause.place) if cause.place else None
    return {"code": cause.code, "message": cause.text, "hint": cause.hint, "at": at}


def _diagnostic(facts: dict[str, Any]) -> list[str]:
    """A YAML block without empty members, or nothing."""
    facts = {
        name: _printable(value) for name, value in facts.items() if value not in ("", None, [])
    }
    if not facts:
        return []
    text = yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=1 << 30)
    return ["  ---", *(f"  {line}" for line in text.rstrip("\n").split("\n")), "  ..."]


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable_lines(value)
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if isinstance(value, dict):
        return {name: _printable(each) for name, each in value.items()}
    return value


def _description(text: str) -> str:
    """`#` starts a directive, and `\\` escapes."""
    return printable(text).replace("\\", "\\\\").replace("#", "\\#")
