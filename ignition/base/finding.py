# SPDX-License-Identifier: Apache-2.0
"""What a reader of a config is told about it."""

from __future__ import annotations

from ignition.base.origin import Origin
from ignition.base.record import record

ERROR = "error"
WARNING = "warning"
INFO = "info"


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
            places.append("$" + dotted(self.origin.pointer))
        if self.origin.line:
            places.append(f"line {self.origin.line} col {self.origin.column}")
        where = f" at {', '.join(places)}" if places else ""
        return f"{self.severity}{where}: {self.message}"


def dotted(pointer: str) -> str:
    """A JSON pointer in the original's notation, which quotes nothing."""
    return pointer.replace("/", ".").replace("~1", "/").replace("~0", "~")
