# SPDX-License-Identifier: Apache-2.0
"""Reads what is mounted and what is used as swap."""

from __future__ import annotations

import os

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.devices import Block


@record
class Mount:
    """A line of /proc/self/mountinfo. `number` is `major:minor`, which for btrfs is an anonymous device."""

    mount_id: str
    number: str
    target: str
    fstype: str
    source: str


def read_mounts(path: str = "/proc/self/mountinfo") -> list[Mount]:
    """All mounts of this process's mount namespace, in mount order."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return [parse(line) for line in file]


def mount_point_below(folder: str, path: str = "/proc/self/mountinfo") -> str:
    """A mount point at or below a folder, "" if there is none. Parses only what it needs."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            point = _decode(line.split(" ", 5)[4])
            if point == folder or point.startswith(f"{folder}/"):
                return point
    return ""


def parse(line: str) -> Mount:
    """Parses one line and decodes its octal escapes (proc(5))."""
    before, _, after = line.rstrip("\n").partition(" - ")
    words = before.split(" ")
    kind, source = after.split(" ")[:2]
    return Mount(words[0], words[2], _decode(words[4]), kind, _decode(source))


def _decode(text: str) -> str:
    first, *rest = text.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)


def is_source(mount: Mount, device: Block) -> bool:
    """Whether this device is mounted there: by its number, or by the node that the source refers to.

    The latter covers btrfs, whose mounts have an anonymous device number. A source that is not a path to a
    device (`/dev/root`, `//server/share`) never matches.
    """
    number = f"{os.major(device.number)}:{os.minor(device.number)}"
    if mount.number == number:
        return True
    if not mount.source.startswith("/"):
        return False
    try:
        return os.stat(mount.source).st_rdev == device.number
    except OSError:
        return False


def mount_at(target: str, path: str = "/proc/self/mountinfo") -> Mount | None:
    """The topmost mount on a folder, None if it is not a mount point."""
    found = None
    for mount in read_mounts(path):
        if mount.target == target:
            found = mount
    return found


def read_swaps(path: str = "/proc/swaps") -> list[str]:
    """Files and devices in use as swap."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [_decode(line.split()[0]) for line in file.readlines()[1:] if line.strip()]
    except OSError:
        return []
