# SPDX-License-Identifier: Apache-2.0
"""Findings as JSON, documented in docs/lint.md. Members may be added, but are never removed or changed."""

from __future__ import annotations

import json
from typing import Any

from ignition.base.finding import ERROR, INFO, WARNING
from ignition.base.printable import printable_json
from ignition.lint.finding import LintFinding
from ignition.lint.result import LintResult


def write(results: list[LintResult]) -> str:
    """One object: `files` with their findings, in order, and `summary` with counts."""
    counts = {ERROR: 0, WARNING: 0, INFO: 0}
    for result in results:
        for finding in result.findings:
            counts[finding.severity] += 1
    report = {
        "version": 1,
        "files": [
            {"path": result.name, "findings": [_finding(each) for each in result.findings]}
            for result in results
        ],
        "summary": {
            "files": len(results),
            "errors": counts[ERROR],
            "warnings": counts[WARNING],
            "notes": counts[INFO],
            "failed": sum(bool(result.failures) for result in results),
        },
    }
    return printable_json(json.dumps(report, indent=2, ensure_ascii=False)) + "\n"


def _finding(finding: LintFinding) -> dict[str, Any]:
    origin = finding.origin
    out: dict[str, Any] = {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "pointer": origin.pointer,
    }
    if finding.hint:
        out["hint"] = finding.hint
    if origin.line:
        out["line"], out["column"] = origin.line, origin.column
    if finding.end_line:
        out["endLine"], out["endColumn"] = finding.end_line, finding.end_column
    if finding.inner is not None:
        inner = finding.inner
        out["inside"] = {"name": inner.name}
        if inner.line:
            out["inside"].update(line=inner.line, column=inner.column)
        if inner.pointer:
            out["inside"]["pointer"] = inner.pointer
    return out
