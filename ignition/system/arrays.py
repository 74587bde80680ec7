# SPDX-License-Identifier: Apache-2.0
"""Running md arrays, as reported by sysfs."""

from __future__ import annotations

import os

from ignition.base.record import record
from ignition.system import devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.devices import Block

# mdadm's synonyms for RAID levels.
_LEVELS = {
    "stripe": "raid0",
    "0": "raid0",
    "mirror": "raid1",
    "1": "raid1",
    "4": "raid4",
    "5": "raid5",
    "6": "raid6",
    "10": "raid10",
}

_NOT_RUNNING = ("", "clear", "inactive")


@record
class Array:
    """An array: its node, its level (`raid1`), the number of data devices, the device numbers of all members.

    `is_running` is False if it is only partly assembled.
    """

    node: str
    level: str
    raid_disks: int
    members: frozenset[int]
    is_running: bool


def canonical_level(word: str) -> str:
    """The kernel's name of a RAID level."""
    return _LEVELS.get(word, word)


def array_of_member(device: Block) -> Array | None:
    """The assembled array that a device belongs to, None if there is none."""
    for holder in devices.holders(device.sysfs):
        folder = os.path.realpath(f"/sys/class/block/{holder}")
        if os.path.isdir(f"{folder}/md"):
            return Array(
                f"/dev/{holder}",
                devices.read_sysfs(f"{folder}/md/level"),
                _number(devices.read_sysfs(f"{folder}/md/raid_disks")),
                members_of(folder),
                devices.read_sysfs(f"{folder}/md/array_state") not in _NOT_RUNNING,
            )
    return None


def _number(text: str) -> int:
    """`3`, or `3 (2)` while the array is being reshaped."""
    first = text.partition(" ")[0]
    return int(first) if first.isdigit() else 0


def members_of(sysfs: str) -> frozenset[int]:
    """The device numbers of what the device with this sysfs folder is built on."""
    found = []
    folder = f"{sysfs}/slaves"
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        major, minor = devices.read_sysfs(f"{folder}/{name}/dev").split(":")
        found.append(os.makedev(int(major), int(minor)))
    return frozenset(found)
