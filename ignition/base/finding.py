# SPDX-License-Identifier: Apache-2.0
"""What a reader of a config is told about it."""

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

# Of each severity. Nobody reads more, and a config of one megabyte may have a million.
MAX_FINDINGS = 1000


@record
class Finding:
    """One problem of one config. `code` is stable; `message` is the original's wording where it has one."""

    code: str
    severity: str
    message: str
    origin: Origin
    hint: str = ""

    def __str__(self) -> str:
        """The report line of the original: `error at $.storage.files.0.path, line 3 col 15: ...`."""
        places = []
        if self.origin.pointer:
            places.append("$" + dotted_path(self.origin.pointer))
        if self.origin.line:
            places.append(f"line {self.origin.line} col {self.origin.column}")
        where = f" at {', '.join(places)}" if places else ""
        return f"{self.severity}{where}: {self.message}"


def dotted_path(pointer: str) -> str:
    """A JSON pointer in the original's notation, which quotes nothing."""
    return pointer.replace("/", ".").replace("~1", "/").replace("~0", "~")


def limit_findings(findings: Iterable[T]) -> tuple[list[T], bool]:
    """The first `MOST_FINDINGS` of each severity, and whether there are more."""
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
