# SPDX-License-Identifier: Apache-2.0
"""Findings as SARIF 2.1.0, for code hosts and editors.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

import ignition
from ignition.base.codes import CODES
from ignition.base.finding import ERROR, INFO, WARNING
from ignition.base.printable import printable_json
from ignition.lint.finding import LintFinding
from ignition.lint.registry import RULES
from ignition.lint.result import STANDARD_INPUT, Columns, LintResult

_LEVELS = {ERROR: "error", WARNING: "warning", INFO: "note"}


def write(results: list[LintResult]) -> str:
    """A SARIF log with one run. Columns count characters."""
    codes = sorted({finding.code for result in results for finding in result.findings})
    index = {code: number for number, code in enumerate(codes)}
    found = [
        _result(finding, result.name, columns, index[finding.code])
        for result in results
        for columns in (Columns(result.lines),)
        for finding in result.findings
    ]
    driver = {
        "name": "ignition lint",
        "semanticVersion": ignition.__version__,
        "rules": [_rule(code) for code in codes],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "artifacts": [{"location": _location(result.name)} for result in results],
                "results": found,
            }
        ],
    }
    return printable_json(json.dumps(log, indent=2, ensure_ascii=False)) + "\n"


def _rule(code: str) -> dict[str, Any]:
    if code not in RULES:  # an error of the program, such as an unreadable file
        title, hint = CODES[code]
        return {"id": code, "shortDescription": {"text": title}, "help": {"text": hint}}
    doc = RULES[code]
    return {
        "id": code,
        "name": doc.name,
        "shortDescription": {"text": doc.title},
        "fullDescription": {"text": doc.text},
        "help": {"text": doc.hint or doc.text},
        "defaultConfiguration": {"level": _LEVELS[doc.severity]},
    }


def _result(finding: LintFinding, file: str, columns: Columns, rule: int) -> dict[str, Any]:
    message = finding.message + (f"\n{finding.hint}" if finding.hint else "")
    if finding.inner is not None:
        message = f"{finding.inner.name}, line {finding.inner.line}: {message}"
    physical: dict[str, Any] = {"artifactLocation": _location(file)}
    if finding.origin.line:
        physical["region"] = _region(finding, columns)
    place: dict[str, Any] = {"physicalLocation": physical}
    if finding.origin.pointer:
        place["logicalLocations"] = [
            {"fullyQualifiedName": finding.origin.pointer, "kind": "member"}
        ]
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [place],
    }


def _region(finding: LintFinding, columns: Columns) -> dict[str, int]:
    line = finding.origin.line
    region = {"startLine": line, "startColumn": columns.characters(line, finding.origin.column)}
    if finding.end_line:
        region["endLine"] = finding.end_line
        region["endColumn"] = columns.characters(finding.end_line, finding.end_column)
    return region


def _location(name: str) -> dict[str, str]:
    if name == STANDARD_INPUT:
        return {"uri": "stdin"}
    path = quote(os.path.normpath(name).encode("utf-8", "surrogateescape"))
    return {"uri": f"file://{path}" if os.path.isabs(name) else path}
