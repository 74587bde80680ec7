# SPDX-License-Identifier: Apache-2.0
"""What block devices there are, for the message that one is missing. Loaded only then, by `devices`."""

from __future__ import annotations

import os
from stat import S_ISBLK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_SYSFS = "/sys/block"
_UDEV_DATABASE = "/run/udev/data"
# Devices that exist without anybody having attached anything.
_VIRTUAL = ("loop", "ram", "zram", "fd", "sr", "nbd")
_LINKS = ("/dev/disk/", "/dev/mapper", "/dev/md")
_SHOWN = 6


def describe(missing: str) -> str:
    """One sentence on what is there instead of a missing device, and which name may be meant."""
    folder, name = os.path.split(os.path.normpath(missing))
    if f"{folder}/".startswith(_LINKS):
        known = _links(folder)
        if known:
            shown = [_described(path) for path in _nearest_first(missing, known)]
            return f"{folder} has {_listed(shown)}{_meant(missing, known)}"
        return (
            f"no block device is in {folder}; {_disks('')}" if os.path.isdir(folder) else _disks("")
        )
    disk = _disk_of_partition(name)
    if not disk:
        return f"{_disks(name)}{_meant(missing, _nodes(name))}"
    parts = [f"/dev/{part}" for part in _partitions(disk)]
    shown = [_described(path) for path in _nearest_first(missing, parts)]
    whole = _described(f"/dev/{disk}")
    return f"{whole} has {_listed(shown)}" if parts else f"{whole} has no partitions"


def _disks(name: str) -> str:
    found = [_described(node) for node in _nodes(name)]
    return f"there are {_listed(found)}" if found else "there are no disks"


def _nodes(name: str) -> list[str]:
    """All disks with a size. Virtual ones only if the missing name is one of them."""
    return [
        f"/dev/{disk}"
        for disk in _sorted(_names(_SYSFS))
        if (not disk.startswith(_VIRTUAL) or name.startswith(disk.rstrip("0123456789")))
        and _size(f"{_SYSFS}/{disk}")
    ]


def _disk_of_partition(name: str) -> str:
    """The existing disk whose partition this name would be, "" if there is none."""
    disk = name.rstrip("0123456789")
    if disk == name:
        return ""
    if disk.endswith("p") and disk[-2:-1].isdigit():
        disk = disk[:-1]
    return disk if os.path.isdir(f"{_SYSFS}/{disk}") else ""


def _partitions(disk: str) -> list[str]:
    names = _names(f"{_SYSFS}/{disk}")
    return _sorted(one for one in names if os.path.exists(f"{_SYSFS}/{disk}/{one}/partition"))


def _links(folder: str) -> list[str]:
    paths = (os.path.join(folder, name) for name in sorted(_names(folder)))
    return [path for path in paths if _find(path)]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _sorted(names: Iterable[str]) -> list[str]:
    """In the order sda, sdb, ..., sdz, sdaa."""
    return sorted(names, key=lambda name: (len(name), name))


def _described(path: str) -> str:
    """`/dev/vda (10 GiB, ext4)`; a link with the node that it leads to."""
    found = _find(path)
    if found is None:
        return path
    node, number, sysfs = found
    facts = [node if node != path else "", _size(sysfs), _content(number)]
    text = ", ".join(fact for fact in facts if fact)
    return f"{path} ({text})" if text else path


def _find(path: str) -> tuple[str, str, str] | None:
    """Node, number as in `8:1` and sysfs folder of a block device; None for anything else."""
    try:
        node = os.path.realpath(path)
        status = os.stat(node)
    except OSError:
        return None
    if not S_ISBLK(status.st_mode):
        return None
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    return node, number, f"/sys/dev/block/{number}"


def _size(sysfs: str) -> str:
    """The size of a device, rounded down to a number below 1024; "" for none. sysfs counts in 512 bytes."""
    try:
        with open(f"{sysfs}/size", encoding="ascii") as file:
            size = int(file.read()) * 512
    except (OSError, ValueError):
        return ""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size} {unit}" if size else ""
        size //= 1024
    return f"{size} TiB"


def _content(number: str) -> str:
    """The type of filesystem or partition table in udev's database, "" without one."""
    found = {}
    try:
        with open(f"{_UDEV_DATABASE}/b{number}", encoding="utf-8", errors="replace") as file:
            for line in file:
                key, _, value = line.strip().partition("=")
                found[key] = value
    except OSError:
        return ""
    return found.get("E:ID_FS_TYPE") or found.get("E:ID_PART_TABLE_TYPE", "")


def _listed(texts: list[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _nearest_first(wanted: str, paths: list[str]) -> list[str]:
    name = os.path.basename(wanted)
    return sorted(paths, key=lambda path: distance(name, os.path.basename(path)))


def _meant(wanted: str, paths: list[str]) -> str:
    """The question whether the nearest name is meant, if it is near: a third of the letters may differ."""
    name = os.path.basename(wanted)
    for path in _nearest_first(wanted, paths)[:1]:
        if 3 * distance(name.lower(), os.path.basename(path).lower()) <= len(name):
            return f"; did you mean {path}?"
    return ""


def distance(one: str, other: str) -> int:
    """How many letters must be inserted, removed or replaced to get from one word to the other."""
    row = list(range(len(other) + 1))
    for at, left in enumerate(one, 1):
        diagonal, row[0] = row[0], at
        for place, right in enumerate(other, 1):
            step = min(row[place], row[place - 1]) + 1
            diagonal, row[place] = row[place], min(step, diagonal + (left != right))
    return row[-1]
