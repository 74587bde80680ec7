# SPDX-License-Identifier: Apache-2.0
"""Arrays and mapped devices that udev or LVM have assembled on top of a device.

Stopping them changes nothing on any device.
"""

from __future__ import annotations

import fcntl
import os
import time

from ignition.system import devices, mounts
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.settings import Settings
    from ignition.system.devices import Block

_LOCK_TRIES = 500


def find_user(block: Block) -> str:
    """What uses the devices built on a device, as a sentence; "" if they are idle."""
    mounted = mounts.read_mounts()
    swap_nodes = {os.path.realpath(path) for path in mounts.read_swaps()}
    for holder in _devices_on_top(block):
        if holder.node in swap_nodes:
            return f"{holder.name}, which is built on it, is in use as swap"
        for mount in mounted:
            if mounts.is_source(mount, holder):
                return f"{holder.name}, which is built on it, is mounted on {mount.target}"
        if not (_is_array(holder) or devices.mapper_name(holder) or _is_partition(holder)):
            return f"{holder.name} is built on it"
    return ""


def stop(log: Log, settings: Settings, block: Block) -> None:
    """Stops everything built on a device, topmost first. Raises CommandFailed if something is in use."""
    for holder in reversed(_devices_on_top(block)):
        if _is_array(holder):
            args = [settings.program("mdadm"), "--stop", holder.node]
        elif devices.mapper_name(holder):
            args = [settings.program("dmsetup"), "remove", "--", devices.mapper_name(holder)]
        else:
            continue
        run(log, args, what=f"stopping {holder.node}, which is built on {block.node}")


class UdevLock:
    """Locks disks so that udev ignores them; otherwise it would reassemble arrays between our steps.

    A member that udev gives to mdadm is held exclusively for a moment. See https://systemd.io/BLOCK_DEVICE_LOCKING.
    """

    __slots__ = ("_blocks", "_locked")

    def __init__(self, blocks: list[Block]) -> None:
        self._blocks = blocks
        self._locked: list[int] = []

    def __enter__(self) -> None:
        # In one order, since two arrays may have members on the same disks.
        for node in sorted({_disk_of(block) for block in self._blocks}):
            disk = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
            self._locked.append(disk)
            # udev takes this lock briefly. Anybody who keeps it for longer keeps udev away too.
            for _ in range(_LOCK_TRIES):
                try:
                    fcntl.flock(disk, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        for disk in self._locked:
            os.close(disk)


def _disk_of(block: Block) -> str:
    disk = devices.block_from_sysfs(os.path.dirname(block.sysfs)) if _is_partition(block) else None
    return (disk or block).node


def _devices_on_top(block: Block) -> list[Block]:
    """All devices built on a device; each one precedes those built on it."""
    on_top = []
    below = [block]
    while below:
        current = below.pop(0)
        sysfs = [
            os.path.realpath(f"/sys/class/block/{name}") for name in devices.holders(current.sysfs)
        ]
        if current is not block:
            sysfs += devices.partitions(current).values()
        for folder in sysfs:
            holder = devices.block_from_sysfs(folder)
            if holder is not None and holder not in on_top:
                on_top.append(holder)
                below.append(holder)
    return on_top


def _is_array(block: Block) -> bool:
    return os.path.isdir(f"{block.sysfs}/md")


def _is_partition(block: Block) -> bool:
    return os.path.exists(f"{block.sysfs}/partition")
