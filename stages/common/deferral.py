# SPDX-License-Identifier: Apache-2.0
"""When a decision about a device can be taken: while planning, or only right before its step runs."""

from __future__ import annotations

import os

from ignition.system import devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config import model
    from ignition.engine.context import PhaseContext


def names_of(device: str) -> tuple[str, ...]:
    """The resource keys of a device: its name in the config and, if it is there, its node."""
    return tuple(dict.fromkeys((device, os.path.realpath(device))))


def is_open(context: PhaseContext, config: model.Config, device: str) -> bool:
    """Whether an earlier step of this phase changes or may bring the device.

    A link below /dev/disk does not say which step it will come from, so an absent device is open as soon as
    anything at all is partitioned, assembled or encrypted before.
    """
    if any(context.pending(name) for name in names_of(device)):
        return True
    storage = config.storage
    makers = bool(storage.disks or storage.raid or storage.luks)
    return makers and not devices.is_block(device)
