# SPDX-License-Identifier: Apache-2.0
"""A file that a provider adds to the target, beside the files of the config."""

from __future__ import annotations

from ignition.base.record import record
from ignition.config import dataurl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class OutputFile:
    """Replaces `path` in the target root. Owner and group are root."""

    path: str
    data: bytes
    mode: int = 0o600

    def to_config(self) -> dict[str, Any]:
        """An entry of `storage.files`, the form in which Ignition stores it in the state file."""
        source = dataurl.encode(self.data, "application/octet-stream")
        return {
            "group": {},
            "overwrite": True,
            "path": self.path,
            "user": {},
            "contents": {"source": source, "verification": {}},
            "mode": self.mode,
        }
