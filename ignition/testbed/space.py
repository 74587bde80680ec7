# SPDX-License-Identifier: Apache-2.0
"""How large the disks of a config must be. All sizes are in MiB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ignition.testbed.device_names import partition

Storage = Mapping[str, Any]
SMALLEST = {"xfs": 320, "btrfs": 128, "vfat": 64, "ext4": 32, "swap": 16}
"""Formats -> what their programs accept, and a little to write in."""
OTHER = 64
LUKS_HEADER = 32
ARRAY_HEADER = 16
TABLE = 4
"""Both copies of a partition table, and alignment."""
DEEPEST = 8
"""Arrays in volumes in arrays. Deeper configs are loops, which the engine refuses."""


def needed(disk: str, storage: Storage) -> int:
    """The size of a disk that holds all that the config puts there."""
    end, floating = 0, 0
    for part in _partitions(disk, storage):
        size = part.get("sizeMiB") or max(
            (_contents(name, storage) for name in _names(disk, part)), default=0
        )
        if part.get("startMiB"):
            end = max(end, part["startMiB"] + size)
        else:
            floating += size
    return max(end + floating + TABLE, _contents(disk, storage))


def _partitions(disk: str, storage: Storage) -> Iterator[Mapping[str, Any]]:
    for entry in storage.get("disks") or ():
        if entry.get("device") == disk:
            yield from entry.get("partitions") or ()


def _names(disk: str, part: Mapping[str, Any]) -> Iterator[str]:
    if part.get("number"):
        yield partition(disk, part["number"])
    if part.get("label"):
        yield f"/dev/disk/by-partlabel/{part['label']}"


def _contents(device: str, storage: Storage, depth: int = 0) -> int:
    """What the config makes on a device."""
    if depth > DEEPEST:
        return 0
    sizes = [0]
    for filesystem in storage.get("filesystems") or ():
        if filesystem.get("device") == device:
            sizes.append(SMALLEST.get(filesystem.get("format") or "", OTHER))
    for volume in storage.get("luks") or ():
        if volume.get("device") == device:
            inside = [f"/dev/mapper/{volume['name']}", f"/dev/disk/by-id/dm-name-{volume['name']}"]
            sizes += [LUKS_HEADER + _contents(name, storage, depth + 1) for name in inside]
    for array in storage.get("raid") or ():
        if device in (array.get("devices") or ()):
            # A member of a mirror is as large as the whole; others get more than they need.
            sizes.append(ARRAY_HEADER + _contents(f"/dev/md/{array['name']}", storage, depth + 1))
    return max(sizes)
