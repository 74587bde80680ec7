# SPDX-License-Identifier: Apache-2.0
"""Invariants of lint, for any input; `hold` checks one.

- No exception.
- If the engine refuses the config, lint reports an error.
- Each finding has a documented code and a span within the input.
"""

from __future__ import annotations

from ignition.base.finding import ERROR, INFO, WARNING
from ignition.config.check import check
from ignition.lint.finding import LintFinding
from ignition.lint.registry import RULES
from ignition.lint.run import lint
from tests.fuzz.invariants import SOURCE


def hold(data: bytes) -> list[LintFinding]:
    """Asserts all invariants for one input, and returns the findings."""
    findings = lint(data, SOURCE, platform="aws")
    for finding in findings:
        addressed(finding, data)
    places = [(each.origin.line, each.origin.column, each.code) for each in findings]
    assert places == sorted(places)
    refused = check(data, SOURCE).refusal
    assert bool(refused) <= any(each.severity == ERROR for each in findings)
    return findings


def addressed(finding: LintFinding, data: bytes) -> None:
    """A finding is documented, has a message, and refers to a part of the input or to all of it."""
    assert finding.code in RULES
    assert finding.severity in (ERROR, WARNING, INFO)
    assert finding.message
    origin = finding.origin
    assert origin.source == SOURCE
    if origin.line:
        assert origin.column >= 1
        assert origin.line <= data.count(b"\n") + 1
        if finding.end_line:
            assert (finding.end_line, finding.end_column) >= (origin.line, origin.column)
