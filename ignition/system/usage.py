# SPDX-License-Identifier: Apache-2.0
"""Who uses a disk or its partitions: mounts, and devices built on top of them."""

from __future__ import annotations

import os

from ignition.base.record import record
from ignition.system import devices, mounts
from ignition.system.devices import Block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.mounts import Mount


@record
class Usage:
    """Reasons against a change, in words; empty: none. `partitions` holds numbers that are in use,
    `swap` is about the device itself.

    `doubtful` are uses that the original does not see and that therefore only warn: swap on a partition, and
    what is built on a partition of a multipath disk.
    """

    disk: str
    swap: str
    partitions: dict[int, str]
    doubtful: dict[int, str]


def of_disk(disk: Block, mounted: list[Mount], swaps: list[str]) -> Usage:
    """What is in use of a disk or of any other block device, by the mounts and the swaps given."""
    mapper = devices.mapper_name(disk)
    # The mapped partitions of a multipath disk are holders of it: those do not count.
    on_disk = _reason(disk, mounted, held=not mapper)
    active: dict[int, str] = {}
    doubtful: dict[int, str] = {}
    swapping = {os.path.realpath(path) for path in swaps}
    for number, one in _partitions(disk, mapper).items():
        reason = _reason(one, mounted, held=not mapper)
        if reason:
            active[number] = reason
        elif one.node in swapping:
            doubtful[number] = "it is in use as swap"
        elif mapper and devices.holders(one.sysfs):
            doubtful[number] = f"{', '.join(devices.holders(one.sysfs))} is built on it"
    swap = "it is in use as swap" if disk.node in swapping else ""
    return Usage(on_disk, swap, active, doubtful)


def _partitions(disk: Block, mapper: str) -> dict[int, Block]:
    if not mapper:
        found = {n: devices.block_of(sysfs) for n, sysfs in devices.partitions(disk).items()}
        return {number: block for number, block in found.items() if block is not None}
    prefix = f"dm-name-{mapper}p"
    try:
        names = os.listdir("/dev/disk/by-id")
    except OSError:
        return {}
    return {
        int(name[len(prefix) :]): devices.block(f"/dev/disk/by-id/{name}")
        for name in names
        if name.startswith(prefix) and name[len(prefix) :].isdigit()
    }


def _reason(device: Block, mounted: list[Mount], *, held: bool) -> str:
    if held and (above := devices.holders(device.sysfs)):
        return f"{', '.join(above)} is built on it"
    for mount in mounted:
        if mounts.is_source(mount, device):
            return f"it is mounted on {mount.target}"
    return ""
