# SPDX-License-Identifier: Apache-2.0
"""Devices of the config that are built on each other in a circle, so that none of them can be the first."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from ignition.base.finding import ERROR
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

    # What an entry creates, and the devices it is built on with their paths in the config.
    Entry = tuple[set[str], dict[str, Path]]

DEVICE_CIRCLE = LintRule(
    "IGN1827",
    "devices are built on each other in a circle",
    hint="build one of them on a device that exists, or that another entry creates",
    severity=ERROR,
)
"""An array, a LUKS volume or a partition on one of these needs itself, possibly through others, so nothing
can be created first. The disks phase refuses such a config (IGN2118) before it changes a disk. Devices are
compared by the names that follow from the config: `/dev/md/NAME`, `/dev/mapper/NAME`, numbers and labels of
partitions, and udev's links by name."""


def check(subject: Subject) -> Iterator[Violation]:
    entries = list(_entries(subject))
    maker = {name: index for index, (names, _) in enumerate(entries) for name in names}
    # For each entry, the entries that it is built on.
    below = {
        index: {maker[device]: path for device, path in needs.items() if device in maker}
        for index, (_, needs) in enumerate(entries)
    }
    while below:
        ready = [index for index, needs in below.items() if below.keys().isdisjoint(needs)]
        if ready:
            members = ready
        else:
            members = _circle(below)
            paths = [below[index][lower] for index, lower in _pairs(members)]
            used = [_value(subject, path) for path in paths]
            yield DEVICE_CIRCLE.at(paths[0], f"{DEVICE_CIRCLE.title}: {', '.join(used)}")
        for index in members:
            del below[index]


def _circle(below: dict[int, dict[int, Path]]) -> list[int]:
    """Entries that are each built on the next one, and the last one on the first. All have one below."""
    trail: dict[int, None] = {}
    index = min(below)
    while index not in trail:
        trail[index] = None
        index = min(lower for lower in below[index] if lower in below)
    members = list(trail)
    members = members[members.index(index) :]
    first = members.index(min(members))
    return members[first:] + members[:first]


def _pairs(members: list[int]) -> Iterator[tuple[int, int]]:
    return zip(members, [*members[1:], members[0]], strict=True)


def _value(subject: Subject, path: Path) -> str:
    value: Any = subject.value
    for part in path:
        value = value[part]
    return str(value)


def _entries(subject: Subject) -> Iterator[Entry]:
    for raid, path in subject.items("storage", "raid"):
        name = raid.get("name", "")
        device = name if name.startswith("/dev") else f"/dev/md/{name}"
        link = f"/dev/disk/by-id/md-name-any:{posixpath.basename(name)}"
        needs: dict[str, Path] = {}
        for index, member in enumerate(raid.get("devices", ())):
            needs.setdefault(member, (*path, "devices", index))
        yield {device, link}, needs
    for volume, path in subject.items("storage", "luks"):
        name = volume.get("name", "")
        names = {f"/dev/mapper/{name}", f"/dev/disk/by-id/dm-name-{name}"}
        yield names, {volume.get("device", ""): (*path, "device")}
    for disk, path in subject.items("storage", "disks"):
        device = disk.get("device", "")
        yield set(_partitions(disk, device)), {device: (*path, "device")}


def _partitions(disk: dict[str, object], device: str) -> Iterator[str]:
    entries = disk.get("partitions")
    for entry in entries if isinstance(entries, list) else ():
        if entry.get("shouldExist") is False:
            continue
        number, label, guid = (entry.get(each) for each in ("number", "label", "guid"))
        if number and device.startswith("/dev/disk/"):
            yield f"{device}-part{number}"
        elif number:
            yield f"{device}{'p' if device[-1:].isdigit() else ''}{number}"
        if label:
            yield f"/dev/disk/by-partlabel/{label}"
        if guid:
            yield f"/dev/disk/by-partuuid/{str(guid).lower()}"
