# SPDX-License-Identifier: Apache-2.0
"""Findings: problems of a config, with severity and position."""

from __future__ import annotations

from ignition.base.origin import Origin
from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol, TypeVar

    class _Graded(Protocol):
        severity: str

    T = TypeVar("T", bound=_Graded)

ERROR = "error"
WARNING = "warning"
INFO = "info"

# Per severity. A config of one megabyte can have a million findings, and nobody reads more than this.
MAX_FINDINGS = 1000


@record
class Finding:
    """One problem of a config. `code` is stable; `message` is Ignition's wording where Ignition reports it
    too."""

    code: str
    severity: str
    message: str
    origin: Origin
    hint: str = ""

    # Acquisition corrects origin and severity after a merge.
    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """Ignition's report line: `error at $.storage.files.0.path, line 3 col 15: ...`."""
        parts = []
        if self.origin.pointer:
            parts.append("$" + dotted_path(self.origin.pointer))
        if self.origin.line:
            parts.append(f"line {self.origin.line} col {self.origin.column}")
        where = f" at {', '.join(parts)}" if parts else ""
        return f"{self.severity}{where}: {self.message}"

    def log_line(self) -> str:
        """The report line with the code and the name of the config."""
        return f"{self} [{self.code}, {self.origin.source}]"


def dotted_path(pointer: str) -> str:
    """A JSON pointer in Ignition's dotted notation, which has no escapes."""
    return pointer.replace("/", ".").replace("~1", "/").replace("~0", "~")


def limit_findings(findings: Iterable[T]) -> tuple[list[T], bool]:
    """The first `MAX_FINDINGS` of each severity, and whether there are more."""
    kept: list[T] = []
    counts: dict[str, int] = {}
    more = False
    for finding in findings:
        count = counts.get(finding.severity, 0)
        if count < MAX_FINDINGS:
            counts[finding.severity] = count + 1
            kept.append(finding)
        else:
            more = True
    return kept, more
