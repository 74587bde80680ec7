# SPDX-License-Identifier: Apache-2.0
"""From the bytes that a provider gives to a config of the newest spec."""

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
    version   the spec version that it is written in
    findings  warnings only
    """

    value: dict[str, Any]
    version: str
    findings: list[Finding]


def parse(data: bytes, source: str) -> Parsed:
    """Reads, checks and translates a config; `source` says in words where it came from.

    EmptyConfig for zero bytes; InvalidConfig, with all that is wrong, if it is not accepted.
    """
    checked = check(data, source)
    if checked.failure is not None:
        raise checked.failure
    assert checked.value is not None
    value = translate.to_newest(checked.value, checked.version)
    return Parsed(value, checked.version, checked.findings)


def validate_rendered(value: dict[str, Any], source: str = "merged config") -> list[Finding]:
    """What the rules say about a merged config. Duplicates are not looked for: a merge leaves none."""
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
