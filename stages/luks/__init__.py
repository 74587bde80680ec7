# SPDX-License-Identifier: Apache-2.0
"""LUKS volumes are not supported yet. A config with one is refused before anything is changed."""

from __future__ import annotations

from ignition.base.errors import Refused
from ignition.engine.step import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.config import model
    from ignition.engine.context import PhaseContext


def plan(config: model.Config, context: PhaseContext) -> Iterator[Step]:
    """No steps; Refused IGN2301 for each volume."""
    for index, wanted in enumerate(config.storage.luks):
        context.refuse(
            Refused(
                "IGN2301",
                f"LUKS volume {wanted.name} cannot be created: encryption is not supported yet",
                context.origin("storage", "luks", index),
                hint="leave storage.luks out of the config",
            )
        )
    return iter(())
