# SPDX-License-Identifier: Apache-2.0
"""The header of a LUKS volume, read directly from the device."""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class Header:
    """What a LUKS header says.

    `version` is 1 or 2. `flags` are the persistent flags, such as `allow-discards`. `keyslots` has the
    numbers of the key slots as texts, `tokens` maps number to token. Of LUKS1, only version and UUID are
    read.
    """

    version: int
    uuid: str
    label: str
    flags: tuple[str, ...]
    keyslots: tuple[str, ...]
    tokens: dict[str, dict[str, Any]] = {}  # never changed


def read(node: str) -> Header | None:
    """The header of a device, None if it has none. Raises OSError."""
    raise NotImplementedError(node)
