# SPDX-License-Identifier: Apache-2.0
"""Finds the device that a name means."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from ignition.testbed.checks.subject import Subject
from ignition.testbed.device_names import Named, drive_of
from ignition.testbed.facts import Device
from ignition.testbed.report import Report
from ignition.testbed.results import Check

NO_DEVICES = "the guest did not report its block devices"
OUT_OF_SIGHT = "it is not on the disks that can be read without a reporter"
_TAGS = {
    "UUID": "ID_FS_UUID",
    "LABEL": "ID_FS_LABEL",
    "PARTUUID": "ID_PART_ENTRY_UUID",
    "PARTLABEL": "ID_PART_ENTRY_NAME",
}
"""The names of devices in fstab and mount units, and their property."""
_BY = {
    "by-uuid": "UUID",
    "by-label": "LABEL",
    "by-partuuid": "PARTUUID",
    "by-partlabel": "PARTLABEL",
}


def find(devices: Sequence[Device], name: str) -> Device | None:
    """The device with this path, or this symlink, or LABEL=… and the like. None if there is none."""
    tag, equals, value = name.partition("=")
    if equals and tag in _TAGS:
        return _with_property(devices, tag, value.strip('"'))
    path = posixpath.normpath(name)
    for device in devices:
        if path == device.path or path in device.links:
            return device
        if device.mapping and path == f"/dev/mapper/{device.mapping}":
            return device
        if path == f"/dev/md/{array_name(device)}":
            return device
    # A link that udev had not yet made when it was asked.
    folder, _, last = path.removeprefix("/dev/disk/").partition("/")
    return _with_property(devices, _BY[folder], last) if folder in _BY and last else None


def _with_property(devices: Sequence[Device], tag: str, value: str) -> Device | None:
    for device in devices:
        if device.facts.get(_TAGS[tag], "").lower() == value.lower() and value:
            return device
    return None


def array_name(device: Device) -> str:
    """The name in the superblock of an array, without its host; "" for any other device."""
    if not device.level and "MD_LEVEL" not in device.facts:
        return ""
    return (device.facts.get("MD_NAME") or device.facts.get("MD_DEVNAME", "")).rpartition(":")[2]


def same_device(report: Report, left: str, right: str) -> bool | None:
    """Whether two names mean one device. None if that is not known."""
    if left == right:
        return True
    if report.devices is None:
        return None
    first, second = find(report.devices, left), find(report.devices, right)
    return first is not None and second is not None and first.path == second.path


def locate(subject: Subject, name: str, report: Report) -> Device | Check:
    """The device, or the check that says why it is not there or not known."""
    if report.devices is None:
        return subject.undecided("exists", NO_DEVICES, "present")
    return find(report.devices, name) or missing(subject, name, report)


def missing(subject: Subject, name: str, report: Report) -> Check:
    """The check for a device that was not found: it fails, unless it may be where nobody could look."""
    devices = report.devices or ()
    if report.from_images and not _would_be_seen(devices, name):
        return subject.undecided("exists", OUT_OF_SIGHT, "present")
    disks = [device.path for device in devices if is_disk(device)]
    return subject.check(
        "exists", False, "present", f"no such device; the disks are {', '.join(disks) or 'none'}"
    )


def _would_be_seen(devices: Sequence[Device], name: str) -> bool:
    """Whether the device, if it exists, is a part of a disk whose image was read."""
    disk = drive_of(name)
    return isinstance(disk, Named) and find(devices, disk.disk) is not None


def is_disk(device: Device) -> bool:
    """Whether it is a disk that a machine has, and neither a part of one nor made from others."""
    name = device.path.removeprefix("/dev/")
    stacked = device.mapping or device.level or "MD_LEVEL" in device.facts
    pseudo = name.startswith(("loop", "ram", "zram", "sr", "fd", "dm-", "md"))
    return device.kind == "disk" and bool(device.size) and not stacked and not pseudo


def is_label(filesystem: str, wanted: str, found: str) -> bool:
    """FAT keeps labels in capitals, depending on the program that writes them."""
    fold = filesystem == "vfat"
    return wanted.upper() == found.upper() if fold else wanted == found


def is_uuid(wanted: str, found: str) -> bool:
    """Hyphens and case do not matter: FAT's are written with and without."""
    return _plain(wanted) == _plain(found)


def _plain(uuid: str) -> str:
    return uuid.replace("-", "").lower()
