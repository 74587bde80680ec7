# SPDX-License-Identifier: Apache-2.0
"""Whether a decision about a device can be made while planning, or only right before its step runs."""

from __future__ import annotations

import os

from ignition.system import devices

from .created import array_names, volume_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config import model
    from ignition.engine.context import PhaseContext


def resource_keys(device: str) -> tuple[str, ...]:
    """The resource keys of a device: its name in the config and, if it exists, its node."""
    return tuple(dict.fromkeys((device, os.path.realpath(device))))


def must_defer(context: PhaseContext, config: model.Config, device: str) -> bool:
    """Whether another step of this phase changes or may create the device.

    A missing link below /dev/disk does not tell which step will create it. So a missing device is deferred as
    soon as anything is partitioned, assembled or encrypted.
    """
    if is_created(context, config, device):
        return True
    storage = config.storage
    creates_devices = bool(storage.disks or storage.raid or storage.luks)
    return creates_devices and not devices.is_block(device)


def is_created(context: PhaseContext, config: model.Config, device: str) -> bool:
    """Whether an earlier step changes or creates the device, or a later one is certain to create it.

    Such a step may be planned later: a member of an array may be an encrypted volume.
    """
    keys = resource_keys(device)
    if any(context.pending(key) for key in keys):
        return True
    storage = config.storage
    if not (storage.raid or storage.luks) or any(context.is_settled(key) for key in keys):
        return False
    names = {name for array in storage.raid for name in array_names(array)}
    names.update(name for volume in storage.luks for name in volume_names(volume))
    return not names.isdisjoint(keys)
