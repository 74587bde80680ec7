# SPDX-License-Identifier: Apache-2.0
"""Showing what is wrong with the config that a command was given, on standard error."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ignition.base import streams
from ignition.base.errors import Failure, InvalidConfig
from ignition.base.finding import ERROR, Finding
from ignition.base.origin import Origin
from ignition.lint.batch import read, unreadable
from ignition.lint.finding import LintFinding
from ignition.lint.formats.text import Text
from ignition.lint.linted import STANDARD_INPUT, linted


def take(path: str) -> tuple[bytes, str]:
    """The bytes of a config and its words for people. Failure (IGN6311, status 2) if it cannot be read."""
    try:
        return read(path), STANDARD_INPUT if path == "-" else path
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error


def complain(findings: Iterable[Finding], data: bytes, name: str) -> None:
    """Findings as lint shows them; lines are shown of the config `name`, whose bytes are `data`."""
    text = Text(os.isatty(streams.STDERR) and not os.environ.get("NO_COLOR"))
    for each in findings:
        found = LintFinding(each.code, each.severity, each.message, each.origin, each.hint)
        shown = linted(name, data if each.origin.source == name else b"", [found])
        streams.print_error(text.file(shown), painted=True)


def refused(failure: Failure, data: bytes, name: str) -> int:
    """Shows a failure with all its findings. The exit status."""
    findings = list(failure.findings) if isinstance(failure, InvalidConfig) else []
    if not any(finding.severity == ERROR for finding in findings):
        origin = failure.origin or Origin(name)
        findings.append(Finding(failure.code, ERROR, failure.text, origin, failure.hint))
    complain(findings, data, name)
    return failure.exit_status
