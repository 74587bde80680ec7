# SPDX-License-Identifier: Apache-2.0
"""A file that a platform wants on the target, beside those of the config."""

from __future__ import annotations

import binascii

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class OutputFile:
    """Replaces what lies at `path` below the target's root; belongs to root."""

    path: str
    data: bytes
    mode: int = 0o600

    def to_config(self) -> dict[str, Any]:
        """As the original keeps it in the state: an entry of `storage.files`."""
        encoded = binascii.b2a_base64(self.data, newline=False).decode("ascii")
        source = f"data:application/octet-stream;base64,{encoded}"
        return {
            "group": {},
            "overwrite": True,
            "path": self.path,
            "user": {},
            "contents": {"source": source, "verification": {}},
            "mode": self.mode,
        }
