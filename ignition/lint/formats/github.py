# SPDX-License-Identifier: Apache-2.0
"""Findings as workflow commands, which GitHub Actions shows as annotations on the lines of a change.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os

from ignition.base.finding import ERROR, INFO, WARNING
from ignition.base.printable import printable
from ignition.lint.finding import LintFinding
from ignition.lint.result import Columns, LintResult

_COMMANDS = {ERROR: "error", WARNING: "warning", INFO: "notice"}


def write(results: list[LintResult]) -> str:
    """One command per finding."""
    return "".join(
        _command(finding, result.name, columns)
        for result in results
        for columns in (Columns(result.lines),)
        for finding in result.findings
    )


def _command(finding: LintFinding, file: str, columns: Columns) -> str:
    origin = finding.origin
    properties = {"file": os.path.normpath(file), "title": finding.code}
    if origin.line:
        properties["line"] = str(origin.line)
        properties["col"] = str(columns.characters(origin.line, origin.column))
        # GitHub only accepts columns if start and end are on the same line.
        if finding.end_line == origin.line:
            properties["endLine"] = str(origin.line)
            properties["endColumn"] = str(columns.characters(origin.line, finding.end_column))
    parts = [finding.message]
    if finding.inner is not None and finding.inner.line:
        parts.append(f"(in {finding.inner.name}, line {finding.inner.line})")
    if origin.pointer:
        parts.append(f"at {origin.pointer}")
    text = printable(" ".join(parts)) + (
        f"\nhint: {printable(finding.hint)}" if finding.hint else ""
    )
    attributes = ",".join(
        f"{name}={_property(printable(value))}" for name, value in properties.items()
    )
    return f"::{_COMMANDS[finding.severity]} {attributes}::{_data(text)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
