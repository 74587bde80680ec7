# SPDX-License-Identifier: Apache-2.0
"""Who uses a disk or its partitions: mounts, devices built on top, and any other exclusive user."""

from __future__ import annotations

import errno
import os
import time

from ignition.base.record import record
from ignition.system import devices, mounts
from ignition.system.devices import Block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.mounts import Mount

# udev and its helpers open devices exclusively for a moment.
_RETRY_DELAYS = (0.01, 0.05, 0.1, 0.2, 0.4, 0.8)
_BTRFS = "/sys/fs/btrfs"


@record
class Usage:
    """Why a disk must not be changed: a reason for the disk ("" if it is free) and one per used partition.

    `tolerated` holds uses that Ignition does not detect: swap on a partition, and devices built on a
    partition of a multipath disk. They only forbid changes that take sectors away from the partition.
    """

    disk: str
    partitions: dict[int, str]
    tolerated: dict[int, str]

    @property
    def reason(self) -> str:
        """The first reason, "" if neither the device nor any of its partitions is in use."""
        if self.disk:
            return self.disk
        for number, reason in {**self.partitions, **self.tolerated}.items():
            return f"partition {number} is in use: {reason}"
        return ""


def find_users(disk: Block, mounted: list[Mount], swaps: list[str]) -> Usage:
    """Finds who uses a disk or any other block device, given the current mounts and swaps.

    Users that appear in none of these lists, such as a multi-device filesystem, an external journal, or a
    mount in another namespace, are found because the kernel refuses an exclusive open.
    """
    mapper = devices.mapper_name(disk)
    swap_nodes = {os.path.realpath(path) for path in swaps}
    indirect = _indirect_users()
    parts = _partitions(disk, mapper)
    active: dict[int, str] = {}
    tolerated: dict[int, str] = {}
    for number, partition in parts.items():
        reason = _find_user(partition, mounted, indirect, held=not mapper)
        if reason:
            active[number] = reason
        elif partition.node in swap_nodes:
            tolerated[number] = "it is in use as swap"
        elif mapper and devices.holders(partition.sysfs):
            tolerated[number] = f"{', '.join(devices.holders(partition.sysfs))} is built on it"
    # The holders of a multipath disk are its own mapped partitions, so they do not count.
    on_disk = _find_user(disk, mounted, indirect, held=not mapper)
    if not on_disk and disk.node in swap_nodes:
        on_disk = "it is in use as swap"
    if not on_disk:
        on_disk = _find_held(disk, parts, active, tolerated, maps=bool(mapper and parts))
    return Usage(on_disk, active, tolerated)


def _find_held(
    disk: Block,
    parts: dict[int, Block],
    active: dict[int, str],
    tolerated: dict[int, str],
    *,
    maps: bool,
) -> str:
    """Adds partitions with an unknown exclusive user. Returns the reason if the disk itself has one.

    The kernel refuses an exclusive open of a disk while one of its partitions is held, and of all partitions
    while the disk is held. `maps`: the partitions are mapped, so they hold the disk themselves.
    """
    known = bool(active or tolerated)
    if not known and not maps and not _is_held(disk.node):
        return ""
    unknown = [
        number
        for number, partition in parts.items()
        if number not in active and number not in tolerated and _is_held(partition.node)
    ]
    why = "another program holds it: it cannot be opened exclusively"
    if not known and not maps and len(unknown) == len(parts):
        return why
    active.update(dict.fromkeys(unknown, why))
    return ""


def _is_held(node: str) -> bool:
    for pause in (*_RETRY_DELAYS, 0.0):
        try:
            os.close(os.open(node, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
            return False
        except OSError as error:
            if error.errno != errno.EBUSY:
                return False
        time.sleep(pause)
    return True


def _partitions(disk: Block, mapper: str) -> dict[int, Block]:
    if not mapper:
        found = {
            n: devices.block_from_sysfs(sysfs) for n, sysfs in devices.partitions(disk).items()
        }
        return {number: block for number, block in found.items() if block is not None}
    return devices.mapped_partitions(disk)


def _find_user(device: Block, mounted: list[Mount], indirect: dict[int, str], *, held: bool) -> str:
    if held and (above := devices.holders(device.sysfs)):
        return f"{', '.join(above)} is built on it"
    for mount in mounted:
        if mounts.is_source(mount, device):
            return f"it is mounted on {mount.target}"
    if os.path.isdir(f"{device.sysfs}/bcache"):
        return "it belongs to a bcache"
    return indirect.get(device.number, "")


def _indirect_users() -> dict[int, str]:
    """Device number -> user, for users that neither mounts nor holders show."""
    found: dict[int, str] = {}
    for identity in _names(_BTRFS):
        for name in _names(f"{_BTRFS}/{identity}/devices"):
            block = devices.block_from_sysfs(f"/sys/class/block/{name}")
            if block is not None:
                found[block.number] = f"it belongs to a mounted btrfs ({identity})"
    for name in _names("/sys/block"):
        behind = name.startswith("loop") and devices.read_sysfs(
            f"/sys/block/{name}/loop/backing_file"
        )
        if behind and devices.is_block(behind):
            found[devices.block(behind).number] = f"/dev/{name} is a loop over it"
    return found


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
