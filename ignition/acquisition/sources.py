# SPDX-License-Identifier: Apache-2.0
"""The configs that are merged into one: as fetched, and as parsed values."""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class Fetched:
    """A config as fetched.

    source  its name in messages
    size    in bytes
    by      name of the config that references it; "" for a config that nothing references
    path    path of its URL, which Ignition calls the source of a referenced config
    """

    source: str
    sha512: str
    size: int
    by: str = ""
    path: str = ""

    def to_json(self, kind: str) -> dict[str, Any]:
        """An entry of the state and of the result file. `kind` is base or user."""
        return {
            "kind": kind,
            "source": self.source,
            "sha512": self.sha512,
            "size": self.size,
            "by": self.by,
        }


@record
class Part:
    """A config to merge, or a value inside it: the config's name in messages, the JSON pointer, the value."""

    source: str
    pointer: str
    value: Any
