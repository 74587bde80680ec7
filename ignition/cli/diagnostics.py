# SPDX-License-Identifier: Apache-2.0
"""Findings on the config that a command reads, printed to standard error the way lint prints them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ignition.base import streams
from ignition.base.errors import Failure, InvalidConfig
from ignition.base.finding import ERROR, Finding
from ignition.base.origin import Origin
from ignition.lint.finding import LintFinding
from ignition.lint.formats.text import Text
from ignition.lint.result import lint_result

_EXPECTATIONS = "IGN81"


def print_findings(findings: Iterable[Finding], data: bytes, name: str) -> None:
    """Prints findings; those on the file `name` with an excerpt from `data`, its text."""
    text = Text(os.isatty(streams.STDERR) and not os.environ.get("NO_COLOR"))
    for finding in findings:
        shown = LintFinding(
            finding.code, finding.severity, finding.message, finding.origin, finding.hint
        )
        text_of_it = data if finding.origin.source == name else b""
        plain = finding.code.startswith(_EXPECTATIONS)
        result = lint_result(name, text_of_it, [shown], plain=plain)
        streams.print_error(text.file(result), styled=True)


def print_failure(failure: Failure, data: bytes, name: str) -> int:
    """Prints a failure with all its findings and returns its exit status."""
    findings = list(failure.findings) if isinstance(failure, InvalidConfig) else []
    if not any(finding.severity == ERROR for finding in findings):
        origin = failure.origin or Origin(name)
        findings.append(Finding(failure.code, ERROR, failure.text, origin, failure.hint))
    print_findings(findings, data, name)
    return failure.exit_status
