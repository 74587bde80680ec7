# SPDX-License-Identifier: Apache-2.0
"""What stands on a device: arrays and mapped devices, which udev or LVM assemble of what they find.

Taking it down changes nothing on any device.
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
    """Why what stands on a device cannot be taken down, in words; "" if nothing uses it."""
    mounted = mounts.read_mounts()
    swapping = {os.path.realpath(path) for path in mounts.read_swaps()}
    for one in _above(block):
        if one.node in swapping:
            return f"{one.name}, which is built on it, is in use as swap"
        for mount in mounted:
            if mounts.is_source(mount, one):
                return f"{one.name}, which is built on it, is mounted on {mount.target}"
        if not (_is_array(one) or devices.mapper_name(one) or _is_partition(one)):
            return f"{one.name} is built on it"
    return ""


def stop(log: Log, settings: Settings, block: Block) -> None:
    """Stops all that stands on a device, the topmost first. Raises CommandFailed where something is used."""
    for one in reversed(_above(block)):
        if _is_array(one):
            argv = [settings.program("mdadm"), "--stop", one.node]
        elif devices.mapper_name(one):
            argv = [settings.program("dmsetup"), "remove", devices.mapper_name(one)]
        else:
            continue
        run(log, argv, what=f"stopping {one.node}, which stands on {block.node}")


class UdevLock:
    """Keeps udev from looking at devices, which it would assemble once more between two acts of ours.

    It leaves a disk alone that somebody has locked (https://systemd.io/BLOCK_DEVICE_LOCKING).
    """

    __slots__ = ("_blocks", "_locked")

    def __init__(self, blocks: list[Block]) -> None:
        self._blocks = blocks
        self._locked: list[int] = []

    def __enter__(self) -> None:
        for node in dict.fromkeys(_disk_of(block) for block in self._blocks):
            disk = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
            self._locked.append(disk)
            # udev itself holds such a lock for a moment. Who keeps one for longer keeps udev away as well.
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


def _above(block: Block) -> list[Block]:
    """All devices that stand on it, each before those that stand on that one."""
    found = []
    below = [block]
    while below:
        current = below.pop(0)
        sysfs = [
            os.path.realpath(f"/sys/class/block/{name}") for name in devices.holders(current.sysfs)
        ]
        if current is not block:
            sysfs += devices.partitions(current).values()
        for folder in sysfs:
            one = devices.block_from_sysfs(folder)
            if one is not None and one not in found:
                found.append(one)
                below.append(one)
    return found


def _is_array(block: Block) -> bool:
    return os.path.isdir(f"{block.sysfs}/md")


def _is_partition(block: Block) -> bool:
    return os.path.exists(f"{block.sysfs}/partition")
