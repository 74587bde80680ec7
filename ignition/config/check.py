# SPDX-License-Identifier: Apache-2.0
"""Everything that is to say about a config's text. Never raises for a bad config."""

from __future__ import annotations

from ignition.base.record import record
from ignition.config import fast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.errors import Failure
    from ignition.base.finding import Finding
    from ignition.config.document import Document


@record
class CheckResult:
    """What came of a check.

    findings  errors and warnings, in the original's order
    refusal   the original's words for not accepting the config; "" if it is accepted
    version   the spec version that it is written in, "" if that is not known
    value     its canonical value in that version, None if it is refused
    failure   what to raise for it, None if it is accepted
    document  the text with its places, None if it was read quickly or is none that rules could be tried on
    """

    findings: list[Finding]
    refusal: str
    version: str
    value: dict[str, Any] | None
    failure: Failure | None
    document: Document | None = None


def check(data: bytes, source: str) -> CheckResult:
    """Reads and checks a config by the rules of the version that it names."""
    quick = fast.check_ordinary(data)
    if quick is not None:
        value, version = quick
        return CheckResult([], "", version, value, None)
    from ignition.config import exact

    return exact.check(data, source)
