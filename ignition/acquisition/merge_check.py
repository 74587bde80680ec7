# SPDX-License-Identifier: Apache-2.0
"""Validates a config that was merged from several."""

from __future__ import annotations

from ignition.acquisition import origins
from ignition.base.errors import InvalidConfig
from ignition.base.finding import ERROR, WARNING
from ignition.base.origin import Origin
from ignition.config.parse import validate_rendered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.acquisition.origins import Table
    from ignition.base.finding import Finding


def check(value: dict[str, Any], table: Table, known: list[Finding]) -> list[Finding]:
    """Warnings that `known`, those about the parts, does not contain. InvalidConfig IGN4105 for an error."""
    findings = _validate(value, table)
    if any(finding.severity == ERROR for finding in findings):
        raise InvalidConfig(
            "IGN4105",
            "merging configs resulted in an invalid config: config is not valid",
            Origin("merged config"),
            findings=findings,
        )
    return _without(findings, known)


def warnings(value: dict[str, Any], table: Table, known: list[Finding]) -> list[Finding]:
    """The same for user and base configs together, as warnings: Ignition does not validate that merge."""
    findings = _without(_validate(value, table), known)
    for finding in findings:
        finding.severity = WARNING
        finding.message += " (base and user config together)"
    return findings


def _validate(value: dict[str, Any], table: Table) -> list[Finding]:
    """Findings whose origins point into the configs that were merged."""
    findings = validate_rendered(value)
    for finding in findings:
        finding.origin = origins.find_pointer(table, finding.origin.pointer)
    return findings


def _without(findings: list[Finding], known: list[Finding]) -> list[Finding]:
    keys = {_key(finding) for finding in known}
    return [finding for finding in findings if _key(finding) not in keys]


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.origin.source, finding.origin.pointer
