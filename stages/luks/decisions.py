# SPDX-License-Identifier: Apache-2.0
"""Whether a volume is kept, resumed, formatted or refused: pure functions of config and header."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.config import model
    from ignition.system.luks2 import Header

TOKEN_TYPE = "ignition-firstboot"  # noqa: S105
BEGUN = "begun"
READY = "ready"


def new_token(name: str, digest: str, state: str) -> dict[str, Any]:
    """Our mark for the header of volume `name`."""
    return {
        "type": TOKEN_TYPE,
        "keyslots": [],
        "config": digest,
        "volume": name,
        "state": state,
    }


def own_token(header: Header) -> str | None:
    """The number of our token in a header, whichever config wrote it; None if it has none."""
    raise NotImplementedError


def mark(header: Header, digest: str, wanted: model.Luks) -> str:
    """How far a run with this config came with the volume: BEGUN, READY, or "" for a foreign volume."""
    raise NotImplementedError
