# SPDX-License-Identifier: Apache-2.0
"""Parses the bytes from a provider into a config of the newest spec."""

from __future__ import annotations

from ignition.base.finding import Finding, limit_findings
from ignition.base.origin import Origin, pointer
from ignition.base.record import record
from ignition.config import rules, shapes, translate
from ignition.config.check import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class Parsed:
    """An accepted config.

    value     its canonical value, translated to the newest spec
    version   its original spec version
    findings  warnings only
    """

    value: dict[str, Any]
    version: str
    findings: list[Finding]


def parse(data: bytes, source: str) -> Parsed:
    """Reads, checks and translates a config. `source` is a readable name for messages.

    EmptyConfig for zero bytes; InvalidConfig with all findings if it is refused.
    """
    checked = check(data, source)
    if checked.failure is not None:
        raise checked.failure
    assert checked.value is not None
    value = translate.to_newest(checked.value, checked.version)
    return Parsed(value, checked.version, checked.findings)


def validate_rendered(value: dict[str, Any], source: str = "merged config") -> list[Finding]:
    """Findings of the rules on a merged config. Skips the check for duplicates, since a merge leaves none."""
    return [
        Finding(
            found.code,
            found.severity,
            found.message,
            Origin(source, pointer(found.path)),
            found.hint,
        )
        for found in limit_findings(rules.findings(value, shapes.NEWEST, duplicates=False))[0]
    ]
