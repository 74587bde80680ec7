# SPDX-License-Identifier: Apache-2.0
"""Names of block devices: which drive of which guest has them.

Names below /dev/disk/by-id come from udev, which makes them from a drive's model, serial number or world wide
name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ignition.testbed.drives import Bus

SERIAL_LIMIT = 20
"""Characters of a serial number; virtio, SCSI, NVMe and ATA have the same limit."""
MODEL_LIMIT = 40
NVME_MODEL = "QEMU_NVMe_Ctrl"
SCSI_MODEL = "0QEMU_QEMU_HARDDISK"


@dataclass(frozen=True)
class Named:
    """A drive that a name asks for.

    disk    the name without the partition
    index   the drive's place on its bus, from 0; None if any place will do
    """

    disk: str
    bus: Bus
    index: int | None = None
    serial: str = ""
    model: str = ""
    wwn: str = ""


@dataclass(frozen=True)
class Unplayable:
    """A name that no guest has. `reason` completes "… cannot be played: "."""

    disk: str
    reason: str


_KERNEL = re.compile(r"/dev/(?P<kind>vd|sd)(?P<letters>[a-z]{1,3})(?P<part>[0-9]*)")
_NVME = re.compile(r"/dev/nvme(?P<index>[0-9]{1,3})n(?P<space>[0-9]+)(?:p[0-9]+)?")
_BY_ID = re.compile(r"/dev/disk/by-id/(?P<name>[^/]+?)(?:-part[0-9]+)?")
_HEX = re.compile(r"[0-9a-f]{16}")
_ELSEWHERE = {
    "/dev/xvd": "only Xen has disks of this name",
    "/dev/hd": "kernels since 2.6.20 call these disks /dev/sd…",
    "/dev/mmcblk": "the guest has no SD card",
    "/dev/dasd": "only IBM Z has disks of this name",
    "/dev/pmem": "the guest has no persistent memory",
    "/dev/disk/by-path/": "the path depends on the slot and the machine; name the disk by-id or /dev/vdb",
    "/dev/disk/azure/": "only machines on Azure have these links",
    "/dev/disk/cloud/": "only machines on Azure have these links",
    "/dev/disk/by-id/google-": "only machines on Google Cloud have these links",
    "/dev/disk/by-id/coreos-boot-disk": "only Fedora CoreOS makes this link, to the disk it booted from",
}
"""Beginnings of names -> why no guest of ours has them."""
_MADE = ("/dev/md", "/dev/mapper/", "/dev/dm-", "/dev/loop", "/dev/ram", "/dev/zram")
_MADE_LINKS = ("by-label", "by-uuid", "by-partlabel", "by-partuuid")
_MADE_IDS = ("dm-", "md-", "lvm-")


def drive_of(device: str) -> Named | Unplayable | None:
    """The drive with this name or with this partition. None for what is made from other devices, such as an
    array or a filesystem's label."""
    if device.startswith(_MADE) or device.startswith(
        tuple(f"/dev/disk/{link}/" for link in _MADE_LINKS)
    ):
        return None
    for beginning, reason in _ELSEWHERE.items():
        if device.startswith(beginning):
            return Unplayable(device, reason)
    if found := _KERNEL.fullmatch(device):
        return _by_letters(found)
    if found := _NVME.fullmatch(device):
        return _nvme(found)
    if found := _BY_ID.fullmatch(device):
        return _by_id(found["name"])
    return Unplayable(device, "no disk of a guest has such a name")


def partition(disk: str, number: int) -> str:
    """The name of a partition of a disk."""
    if disk.startswith("/dev/disk/"):
        return f"{disk}-part{number}"
    return f"{disk}p{number}" if disk[-1:].isdigit() else f"{disk}{number}"


def _by_letters(found: re.Match[str]) -> Named:
    index = 0
    for letter in found["letters"]:
        index = index * 26 + ord(letter) - ord("a") + 1
    bus: Bus = "virtio" if found["kind"] == "vd" else "scsi"
    return Named(f"/dev/{found['kind']}{found['letters']}", bus, index - 1)


def _nvme(found: re.Match[str]) -> Named | Unplayable:
    name = f"/dev/nvme{found['index']}n{found['space']}"
    if found["space"] != "1":
        return Unplayable(name, "NVMe drives of a guest have one namespace, n1")
    return Named(name, "nvme", int(found["index"]))


def _by_id(name: str) -> Named | Unplayable | None:
    link = f"/dev/disk/by-id/{name}"
    kind, _, rest = name.partition("-")
    if name.startswith(_MADE_IDS):
        return None
    if kind == "virtio":
        return _checked(Named(link, "virtio", serial=rest))
    if kind == "wwn":
        return _by_wwn(link, rest.removeprefix("0x"))
    if kind == "scsi":
        if rest.startswith(f"{SCSI_MODEL}_"):
            return _checked(Named(link, "scsi", serial=rest.removeprefix(f"{SCSI_MODEL}_")))
        if rest.startswith("3"):
            return _by_wwn(link, rest[1:])
        return Unplayable(link, f"SCSI disks of a guest are called scsi-{SCSI_MODEL}_SERIAL")
    if kind == "nvme":
        if not rest.startswith(f"{NVME_MODEL}_"):
            return Unplayable(link, f"NVMe drives of a guest are called nvme-{NVME_MODEL}_SERIAL")
        return _checked(Named(link, "nvme", serial=rest.removeprefix(f"{NVME_MODEL}_")))
    if kind == "ata":
        model, _, serial = rest.rpartition("_")
        return _checked(Named(link, "ide", serial=serial, model=model))
    return Unplayable(link, "no disk of a guest has such a name")


def _by_wwn(link: str, digits: str) -> Named | Unplayable:
    if not _HEX.fullmatch(digits):
        return Unplayable(link, "a world wide name has 16 hexadecimal digits")
    return Named(link, "scsi", wwn=digits)


def _checked(named: Named) -> Named | Unplayable:
    if named.bus == "ide" and not named.model:
        return Unplayable(named.disk, "ATA disks are called ata-MODEL_SERIAL")
    if not 1 <= len(named.serial) <= SERIAL_LIMIT:
        return Unplayable(named.disk, f"serial numbers have 1 to {SERIAL_LIMIT} characters")
    if len(named.model) > MODEL_LIMIT:
        return Unplayable(named.disk, f"models have at most {MODEL_LIMIT} characters")
    return named
