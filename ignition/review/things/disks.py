# SPDX-License-Identifier: Apache-2.0
"""Disks, partitions, arrays, volumes and filesystems of a config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ignition.config.model import Disk, Filesystem, Partition, Raid
from ignition.review.subject import Subject
from ignition.review.things import volumes
from ignition.review.things.thing import Fact, Path, Thing
from ignition.system.arrays import canonical_level
from ignition.system.devices import encode_udev_name, kernel_partition_node

_LINKS = "/dev/disk"


def collect(subject: Subject) -> Iterator[Thing]:
    """Everything on block devices, from disks up to filesystems."""
    storage = subject.config.storage
    for index, disk in enumerate(storage.disks):
        path: Path = ("storage", "disks", index)
        yield _disk(disk, path)
        for number, partition in enumerate(disk.partitions):
            yield _partition(disk, partition, number, (*path, "partitions", number))
    for index, array in enumerate(storage.raid):
        yield _array(array, ("storage", "raid", index))
    for index, volume in enumerate(storage.luks):
        yield volumes.volume(volume, ("storage", "luks", index))
    for index, filesystem in enumerate(storage.filesystems):
        yield _filesystem(filesystem, ("storage", "filesystems", index))


def collect_made(subject: Subject) -> Iterator[Thing]:
    """Mount points, and the paths that volumes bring with them."""
    for index, entry in enumerate(subject.config.storage.filesystems):
        if entry.path and entry.format not in (None, "", "none", "swap"):
            path: Path = ("storage", "filesystems", index)
            facts = (
                Fact("device", entry.device, (*path, "device")),
                Fact("mounted at", entry.path, (*path, "path")),
            )
            note = "only while the first boot writes files; a unit or fstab must mount it later"
            yield Thing("mount point", entry.path, path, facts, made=True, notes=(note,))
    yield from volumes.collect_made(subject)


def _disk(disk: Disk, path: Path) -> Thing:
    facts = _flag("wipeTable", disk.wipe_table, path)
    # Free space is given to partitions without a start or a number in the order of the list.
    placed = [
        _partition_name(entry, number)
        for number, entry in enumerate(disk.partitions)
        if entry.should_exist is not False and not (entry.number and entry.start_mib)
    ]
    if len(placed) > 1:
        facts.append(
            Fact("order of partitions", ", ".join(placed), (*path, "partitions"), tuple(placed))
        )
    return Thing("disk", disk.device, path, tuple(facts))


def _partition(disk: Disk, entry: Partition, index: int, path: Path) -> Thing:
    exists = entry.should_exist is not False
    facts = [
        Fact("exists", "yes", path, True)
        if exists
        else Fact("exists", "no", (*path, "shouldExist"), False)
    ]
    for name, member, value, what in (
        ("number", "number", entry.number or None, str(entry.number)),
        ("label", "label", entry.label or None, str(entry.label)),
        ("start", "startMiB", entry.start_mib or None, f"{entry.start_mib} MiB"),
        ("size", "sizeMiB", entry.size_mib or None, f"{entry.size_mib} MiB"),
        ("type", "typeGuid", (entry.type_guid or "").lower() or None, str(entry.type_guid)),
        ("guid", "guid", (entry.guid or "").lower() or None, str(entry.guid)),
    ):
        if value is not None:
            facts.append(Fact(name, what, (*path, member), value))
    facts += _flag("resize", entry.resize, path)
    facts += _flag("wipePartitionEntry", entry.wipe_partition_entry, path)
    name = _partition_name(entry, index)
    names = {f"{disk.device}:{name}", entry.label or f"{disk.device}:{name}"}
    if entry.number:
        names |= {f"{disk.device}:{entry.number}", _node(disk.device, entry.number)}
    if entry.label:
        names.add(f"{_LINKS}/by-partlabel/{encode_udev_name(entry.label)}")
    if entry.guid:
        names.add(f"{_LINKS}/by-partuuid/{entry.guid.lower()}")
    return Thing(
        "partition",
        f"{name} of {disk.device}",
        path,
        tuple(facts),
        frozenset(names),
        identity=("partition", disk.device, _identity(entry, index)),
    )


def _identity(entry: Partition, index: int) -> tuple[str, int | str]:
    """What tells partitions of one disk apart: number, else label, else the place in the list."""
    if entry.number:
        return "number", entry.number
    return ("label", entry.label) if entry.label else ("index", index)


def _partition_name(entry: Partition, index: int) -> str:
    if entry.number:
        return str(entry.number)
    return entry.label or f"entry {index + 1}"


def _node(device: str, number: int) -> str:
    if device.startswith(f"{_LINKS}/"):
        return f"{device}-part{number}"
    return kernel_partition_node(device, number)


def _array(entry: Raid, path: Path) -> Thing:
    device = entry.name if entry.name.startswith("/dev") else f"/dev/md/{entry.name}"
    spares = entry.spares or 0
    # Without spares it does not matter which device comes first in a new array.
    devices = tuple(entry.devices) if spares else tuple(sorted(entry.devices))
    level = entry.level or ""
    facts = [
        Fact("level", level, (*path, "level"), canonical_level(level)),
        Fact("devices", ", ".join(entry.devices), (*path, "devices"), devices),
    ]
    if spares:
        facts.append(Fact("spares", str(spares), (*path, "spares"), spares))
    facts += _words("options", entry.options, path)
    name = device.rpartition("/")[2]
    link = f"{_LINKS}/by-id/md-name-any:{encode_udev_name(name)}"
    return Thing("array", name, path, tuple(facts), frozenset((device, link, *entry.devices)))


def _filesystem(entry: Filesystem, path: Path) -> Thing:
    facts = []
    for name, member, value in (
        ("format", "format", entry.format or None),
        ("label", "label", entry.label or None),
        ("uuid", "uuid", entry.uuid or None),
        ("mounted at", "path", entry.path or None),
    ):
        if value is not None:
            compared = value.lower() if name == "uuid" else value
            facts.append(Fact(name, value, (*path, member), compared))
    facts += _words("options", entry.options, path)
    facts += _words("mountOptions", entry.mount_options, path)
    facts += _flag("wipeFilesystem", entry.wipe_filesystem, path)
    names = set()
    if entry.label:
        names |= {entry.label, f"{_LINKS}/by-label/{encode_udev_name(entry.label)}"}
    if entry.uuid:
        names.add(f"{_LINKS}/by-uuid/{entry.uuid.lower()}")
    return Thing("filesystem", entry.device, path, tuple(facts), frozenset(names))


def _flag(name: str, value: bool | None, path: Path) -> list[Fact]:
    return [Fact(name, "true", (*path, name), True)] if value else []


def _words(name: str, values: Iterable[str], path: Path) -> list[Fact]:
    words = tuple(values)
    return [Fact(name, " ".join(words), (*path, name), words)] if words else []
