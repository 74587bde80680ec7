# SPDX-License-Identifier: Apache-2.0
"""The disks of a machine that is off, read from its disk images: no root, no mount, no reporter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ignition.base.errors import CommandFailed, Failure
from ignition.testbed.blockfacts import as_udev, exports, luks_header
from ignition.testbed.device_names import NVME_MODEL, SCSI_MODEL, partition
from ignition.testbed.disk_ends import copy_ends
from ignition.testbed.drives import Bus, Drive
from ignition.testbed.facts import Device, LuksHeader
from ignition.testbed.programs import need, run
from ignition.testbed.sfdisk_table import read_entries

ATA_MODEL = "QEMU_HARDDISK"
NOTHING_FOUND = 2
"""The status of blkid for a place in which it knows nothing."""
LUKS2 = b"LUKS\xba\xbe\x00\x02"
LUKS2_JSON = 4096
"""Where the metadata of LUKS2 begin."""
LUKS2_LARGEST = 4 << 20
"""Bytes of the largest header that the format allows."""


@dataclass(frozen=True)
class OfflineDisks:
    """What the images show.

    devices   disks and partitions; None if nothing could be read
    luks      the headers, by the path of their device
    notes     sentences about what was not read
    """

    devices: tuple[Device, ...] | None = None
    luks: dict[str, LuksHeader] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def look(drives: Sequence[Drive]) -> OfflineDisks:
    """Reads all disks. One that cannot be read is left out, with a note."""
    named = [
        (names, drive)
        for names, drive in zip(_names(drives), drives, strict=True)
        if names and not drive.cdrom
    ]
    try:
        need("blkid", "sfdisk")
    except Failure as failure:
        return OfflineDisks(notes=(f"the disks were not read: {failure.text}; {failure.hint}",))
    devices: list[Device] = []
    luks: dict[str, LuksHeader] = {}
    notes: list[str] = []
    for names, drive in named:
        try:
            with _raw(drive) as image:
                found = list(_disk(names, image))
                luks |= {one.path: _luks(one, image) for one in found if _is_luks(one)}
        except CommandFailed as failure:
            said = (failure.stderr.strip().splitlines() or [f"status {failure.status}"])[-1]
            notes.append(f"{names[0]} was not read: {said}")
        except (OSError, ValueError) as error:
            said = (getattr(error, "strerror", None) or str(error)).lower()
            notes.append(f"{names[0]} was not read: {said}")
        else:
            devices += found
    return OfflineDisks(tuple(devices) if devices else None, luks, tuple(notes))


def name_of(drives: Sequence[Drive], index: int) -> str:
    """The path that `look` gives a drive; "" if it cannot be known."""
    return next(iter(list(_names(drives))[index]), "")


@contextmanager
def _raw(drive: Drive) -> Iterator[Path]:
    """A raw image of the drive, or of the parts of it that matter."""
    if drive.format == "raw":
        yield drive.image
        return
    with tempfile.TemporaryDirectory(dir=drive.image.parent) as folder:
        yield copy_ends(drive.image, Path(folder, "disk.img"))


# -- names -------------------------------------------------------------------------------------------------


def _names(drives: Sequence[Drive]) -> Iterator[tuple[str, ...]]:
    """All names of each drive that are certain: none for a drive without a serial number whose kernel name
    depends on which drive answers first."""
    kinds = {drive.bus: "sd" if drive.bus in ("scsi", "ide") else drive.bus for drive in drives}
    for index, drive in enumerate(drives):
        kind = kinds[drive.bus]
        beside = [place for place, other in enumerate(drives) if kinds[other.bus] == kind]
        kernel = _kernel_name(drive.bus, beside.index(index))
        certain = drive.bus == "virtio" or len(beside) == 1
        yield (*([kernel] if certain else []), *_links(drive))


def _kernel_name(bus: Bus, index: int) -> str:
    """`index`: from 0."""
    if bus == "nvme":
        return f"/dev/nvme{index}n1"
    letters = chr(ord("a") + index % 26)
    if index >= 26:
        letters = chr(ord("a") + index // 26 - 1) + letters
    return f"/dev/{'vd' if bus == 'virtio' else 'sd'}{letters}"


def _links(drive: Drive) -> Iterator[str]:
    """The links that udev makes of what the drive says about itself."""
    folder = "/dev/disk/by-id"
    if drive.wwn:
        yield f"{folder}/wwn-0x{drive.wwn}"
        yield f"{folder}/scsi-3{drive.wwn}"
    if drive.serial:
        name = {
            "virtio": "virtio",
            "scsi": f"scsi-{SCSI_MODEL}",
            "nvme": f"nvme-{NVME_MODEL}",
            "ide": f"ata-{drive.model or ATA_MODEL}",
        }[drive.bus]
        yield f"{folder}/{name}{'-' if drive.bus == 'virtio' else '_'}{drive.serial}"


# -- contents ----------------------------------------------------------------------------------------------


def _disk(names: tuple[str, ...], image: Path) -> Iterator[Device]:
    """The disk and its partitions. CommandFailed, OSError or ValueError if its image cannot be read."""
    size = image.stat().st_size
    facts = _probe(image, 0, size)
    yield Device(names[0], names[1:], size=size, facts=facts)
    if "ID_PART_TABLE_TYPE" in facts:
        yield from _partitions(names, image)


def _partitions(names: tuple[str, ...], image: Path) -> Iterator[Device]:
    for entry in read_entries(image):
        path, *links = (partition(name, entry.number) for name in names)
        yield Device(
            path,
            tuple(links),
            kind="partition",
            parent=names[0],
            size=entry.size,
            start=entry.start,
            number=entry.number,
            facts={
                "ID_PART_ENTRY_NAME": entry.name,
                "ID_PART_ENTRY_TYPE": entry.kind,
                "ID_PART_ENTRY_UUID": entry.uuid,
                **_probe(image, entry.start, entry.size),
            },
        )


def _probe(image: Path, offset: int, size: int) -> dict[str, str]:
    """What blkid finds in a part of the image, under udev's names."""
    place = ("-O", str(offset), "-S", str(size))
    try:
        text = run(["blkid", "-p", "-o", "export", *place, image])
    except CommandFailed as failure:
        if failure.status == NOTHING_FOUND and not failure.stderr.strip():
            return {}
        raise
    return as_udev(next(iter(exports(text)), {}))


def _is_luks(device: Device) -> bool:
    return device.facts.get("ID_FS_TYPE") == "crypto_LUKS"


def _luks(device: Device, image: Path) -> LuksHeader:
    """The header, as far as it tells its bindings: LUKS2 keeps them in JSON behind 4096 bytes."""
    with image.open("rb") as file:
        file.seek(device.start or 0)
        head = file.read(LUKS2_JSON)
        size = int.from_bytes(head[8:16], "big")
        if not head.startswith(LUKS2) or not LUKS2_JSON < size <= LUKS2_LARGEST:
            return LuksHeader(device.path)
        metadata = file.read(size - LUKS2_JSON).partition(b"\0")[0]
    return luks_header(device.path, metadata.decode(errors="replace"), None)
