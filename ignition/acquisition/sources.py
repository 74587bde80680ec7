# SPDX-License-Identifier: Apache-2.0
"""The configs that went into one: as they came, and as parts of a merge."""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class Fetched:
    """A config as it came: its words for people, SHA-512 sum and number of its bytes, and the words of the
    config that refers to it. `path` is what the original calls a referenced config: the path of its URL."""

    source: str
    sha512: str
    size: int
    by: str = ""
    path: str = ""

    def to_json(self, kind: str) -> dict[str, Any]:
        """For the state and the result file. `kind` is base or user."""
        return {
            "kind": kind,
            "source": self.source,
            "sha512": self.sha512,
            "size": self.size,
            "by": self.by,
        }


@record
class Part:
    """A config that was merged, or a value in one: its words for people, the JSON pointer to it, itself."""

    source: str
    pointer: str
    value: Any
