# SPDX-License-Identifier: Apache-2.0
"""Reads GUID partition tables, and distinguishes "no table" from "unreadable table".

Layout: UEFI specification, chapter 5. `system.gptwrite` writes them.
"""

from __future__ import annotations

import os
import struct
from zlib import crc32

from ignition.base.record import record

SIGNATURE = b"EFI PART"
LINUX_DATA = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
# What every tool creates.
ENTRIES = 128
ENTRY_SIZE = 128
# More than any tool writes; a larger value means a corrupt header.
_MAX_ENTRIES_SIZE = 4 << 20
_PROTECTIVE = 0xEE
# Signature, revision, header size, header CRC, reserved; current and alternate header sector, first and last
# usable sector, disk GUID; first sector, number, size and CRC of the entries.
HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
# Type GUID, partition GUID, first and last sector, attributes, name in UTF-16.
ENTRY = struct.Struct("<16s16sQQQ72s")
_UNUSED = bytes(16)


@record
class Partition:
    """One entry. `start` and `size` in logical sectors, GUIDs in upper case, all 64 `attributes` bits."""

    number: int
    start: int
    size: int
    type_guid: str
    guid: str
    name: str
    attributes: int = 0

    @property
    def last(self) -> int:
        """The last sector."""
        return self.start + self.size - 1


@record
class Table:
    """A partition table. Sectors are logical; `guid` and `entries` are the bytes on disk.

    `entries_at` is the first sector of the primary entry array. `damaged` names the part that is damaged and
    would be repaired by writing the table, "" if there is none. `protected` tells whether there is a
    protective MBR.
    """

    guid: bytes
    first_usable: int
    last_usable: int
    entries_at: int
    entry_size: int
    entries: bytes
    partitions: tuple[Partition, ...]
    damaged: str = ""
    protected: bool = True

    @property
    def capacity(self) -> int:
        """The number of entries."""
        return len(self.entries) // self.entry_size

    def partition(self, number: int) -> Partition | None:
        """The partition with that number, or None."""
        for partition in self.partitions:
            if partition.number == number:
                return partition
        return None


class Unreadable(Exception):
    """The disk has, or had, a GPT that cannot be read. The text tells why."""


def empty(sector_size: int, sectors: int, guid: bytes = _UNUSED) -> Table:
    """The table that a partitioning tool creates on a blank disk."""
    entry_sectors = sector_count(ENTRIES * ENTRY_SIZE, sector_size)
    return Table(
        guid,
        2 + entry_sectors,
        sectors - 2 - entry_sectors,
        2,
        ENTRY_SIZE,
        bytes(ENTRIES * ENTRY_SIZE),
        (),
    )


def sector_count(length: int, sector_size: int) -> int:
    """The number of sectors that hold `length` bytes."""
    return -(-length // sector_size)


def read(device: int, sector_size: int, sectors: int) -> Table | None:
    """The table of an open disk with that many logical sectors; None if it has none.

    The first sector decides, as for libblkid, GPT fdisk and the kernel. An MBR signature without a protective
    entry means an MBR, whatever remains of an older GPT. With a protective entry, one valid copy is enough.
    An all-zero first sector is what an interrupted `gptwrite.write` leaves, which writes it last; then the
    primary copy must be valid. Any other trace of a GPT raises Unreadable.
    """
    try:
        master = _read_sectors(device, 0, 1, sector_size)
        protected = is_protective(master)
        if not protected and has_signature(master):
            return None
        first, problem = _read_copy(device, 1, sector_size, sectors)
        if first is not None:
            second, _ = _read_copy(device, _backup_sector(first, sectors), sector_size, sectors)
        else:
            second, other = _read_copy(device, sectors - 1, sector_size, sectors)
            problem = problem or other
        if protected and first is None and second is None:
            problem = _sector_size_mismatch(device, sector_size) or problem
    except OSError as error:
        raise Unreadable(f"reading it failed: {error.strerror}") from error
    traces = first is not None or second is not None or bool(problem)
    if not protected and any(master) and traces:
        raise Unreadable(
            "there is a GPT, but the first sector is neither a protective MBR nor empty"
        )
    if first is not None:
        return _table(first, first.entries_at, _damage(first, second, protected), protected)
    if second is not None and protected:
        return _table(second, 2, "the copy at the start of the disk")
    if second is not None:
        raise Unreadable(
            "the copy at the start of the disk is damaged, and there is no protective MBR"
        )
    if protected or problem:
        raise Unreadable(problem or "there is a protective MBR, but no GPT behind it")
    return None


def layout_error(table: Table, sector_size: int, sectors: int) -> str:
    """Why this table must not be written to a disk with that many sectors, "" if it may.

    Finds entries that an interrupted write or another tool has corrupted; GPT fdisk refuses to write them
    too. Partitions of the config are validated elsewhere.
    """
    entry_sectors = sector_count(len(table.entries), sector_size)
    first, last = table.entries_at + entry_sectors, sectors - 2 - entry_sectors
    end, before = first - 1, 0
    for partition in sorted(table.partitions, key=lambda partition: partition.start):
        if partition.last < partition.start:
            return f"partition {partition.number} ends before it starts"
        if partition.start < first or partition.last > last:
            return (
                f"partition {partition.number} has sectors {partition.start} to {partition.last}, "
                f"but only {first} to {last} are usable"
            )
        if partition.start <= end and before:
            return f"partitions {before} and {partition.number} overlap"
        end, before = partition.last, partition.number
    return ""


def has_signature(master_boot_record: bytes) -> bool:
    """Whether the sector ends with the boot signature of an MBR, FAT or NTFS boot sector."""
    return master_boot_record[510:512] == b"\x55\xaa"


def is_protective(master_boot_record: bytes) -> bool:
    """Whether an MBR announces a GPT: it has an entry of type 0xEE.

    A hybrid MBR has other entries too. Type 0xEF alone is an ordinary partition.
    """
    if not has_signature(master_boot_record):
        return False
    return any(master_boot_record[446 + 16 * row + 4] == _PROTECTIVE for row in range(4))


def _sector_size_mismatch(device: int, sector_size: int) -> str:
    """An explanation if the GPT was written for another sector size, else ""."""
    for other in (512, 2048, 4096):
        if other != sector_size and os.pread(device, 8, other) == SIGNATURE:
            return f"the GPT was made for sectors of {other} bytes, but this disk has {sector_size}"
    return ""


def _damage(first: _Copy, second: _Copy | None, protected: bool) -> str:
    if second is None:
        return "the copy at the end of the disk"
    if (first.guid, first.entries) != (second.guid, second.entries):
        return "the copy at the end of the disk, which differs"
    return "" if protected else "the protective MBR"


@record
class _Copy:
    """A header with a valid checksum, and its entries, whose checksum is valid too."""

    alternate: int
    first: int
    last: int
    guid: bytes
    entries_at: int
    entry_size: int
    entries: bytes


def _backup_sector(first: _Copy, sectors: int) -> int:
    """The sector of the backup header: where the primary one points.

    On an enlarged disk that is not the last sector.
    """
    return first.alternate if 1 < first.alternate < sectors else sectors - 1


def _read_copy(device: int, at: int, sector_size: int, sectors: int) -> tuple[_Copy | None, str]:
    """The header at a sector and its entries, or None and the error ("" if there is no header)."""
    data = _read_sectors(device, at, 1, sector_size)
    if data[:8] != SIGNATURE:
        return None, ""
    place = "start" if at == 1 else "end"
    _, _, header_size, header_sum, _, *fields = HEADER.unpack_from(data)
    own, alternate, first, last, guid, entries_at, count, size, entries_sum = fields
    if not HEADER.size <= header_size <= sector_size:
        return None, f"the header at the {place} has an impossible size"
    if crc32(data[:16] + bytes(4) + data[20:header_size]) != header_sum:
        return None, f"the checksum of the header at the {place} is wrong"
    if own != at:
        return None, f"the header at the {place} names another sector as its own"
    length = count * size
    if size < ENTRY_SIZE or size % ENTRY_SIZE or not 0 < length <= _MAX_ENTRIES_SIZE:
        return None, f"the header at the {place} has an impossible number or size of entries"
    entry_sectors = sector_count(length, sector_size)
    if not 1 < entries_at <= sectors - entry_sectors or not first <= last < sectors:
        return None, f"the header at the {place} points beyond the end of the disk"
    entries = _read_sectors(device, entries_at, entry_sectors, sector_size)[:length]
    if crc32(entries) != entries_sum:
        return None, f"the checksum of the entries at the {place} is wrong"
    return _Copy(alternate, first, last, guid, entries_at, size, entries), ""


def _read_sectors(device: int, at: int, count: int, sector_size: int) -> bytes:
    wanted = count * sector_size
    data = os.pread(device, wanted, at * sector_size)
    if len(data) < wanted:
        raise Unreadable("the disk is shorter than its reported size")
    return data


def _table(copy: _Copy, entries_at: int, damaged: str, protected: bool = True) -> Table:
    return Table(
        copy.guid,
        copy.first,
        copy.last,
        entries_at,
        copy.entry_size,
        copy.entries,
        parse_entries(copy.entries, copy.entry_size),
        damaged,
        protected,
    )


def parse_entries(entries: bytes, size: int) -> tuple[Partition, ...]:
    """All used entries, ordered by number."""
    found = []
    for index in range(len(entries) // size):
        entry = entries[index * size : (index + 1) * size]
        if entry[:16] != _UNUSED:
            found.append(_partition(index + 1, entry))
    return tuple(found)


def _partition(number: int, entry: bytes) -> Partition:
    type_guid, guid, start, last, attributes, name = ENTRY.unpack_from(entry)
    return Partition(
        number,
        start,
        last - start + 1,
        guid_text(type_guid),
        guid_text(guid),
        name.decode("utf-16-le", "surrogatepass").split("\0", 1)[0],
        attributes,
    )


def guid_text(data: bytes) -> str:
    """The textual form of a GUID from its 16 bytes on disk; the first three groups are little-endian."""
    order = data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:]
    text = order.hex().upper()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def guid_bytes(text: str) -> bytes:
    """The inverse of `guid_text`. Raises ValueError if the text is not a GUID."""
    data = bytes.fromhex(text.replace("-", ""))
    if len(data) != 16:
        raise ValueError(text)
    return data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:]
