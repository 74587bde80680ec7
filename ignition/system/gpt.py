# SPDX-License-Identifier: Apache-2.0
"""Reading a GUID partition table, and telling "no table" from "a table that cannot be read".

Layout: UEFI specification, chapter 5. `system.gptwrite` writes it.
"""

from __future__ import annotations

import os
import struct
from zlib import crc32

from ignition.base.record import record

SIGNATURE = b"EFI PART"
LINUX_DATA = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
# What every tool makes: room for 128 entries of 128 bytes each.
ENTRIES = 128
ENTRY_SIZE = 128
# More than any tool writes; a header that claims more is not believed.
_MOST_BYTES_OF_ENTRIES = 4 << 20
_PROTECTIVE = 0xEE
# Signature, revision, own size, own sum, zero; own sector, the other copy's, first and last usable sector,
# disk GUID, sector, number and size of the entries, their sum.
HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
# Type, GUID, first and last sector, attributes, name in UTF-16.
ENTRY = struct.Struct("<16s16sQQQ72s")
_UNUSED = bytes(16)


@record
class Partition:
    """One entry. `start` and `size` in logical sectors, GUIDs in capitals, `attributes` the 64 bits."""

    number: int
    start: int
    size: int
    type_guid: str
    guid: str
    name: str
    attributes: int = 0

    @property
    def last(self) -> int:
        """Its last sector."""
        return self.start + self.size - 1


@record
class Table:
    """A table as found. Sectors are logical, `guid` and `entries` are bytes as they stand on disk.

    `entries_at` is where the first copy keeps its entries. `damaged` says in words which part is bad
    and would be mended by writing the table, empty if all is well; `protected` whether the first sector says
    that the disk has a GPT.
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
        """How many partitions it has room for."""
        return len(self.entries) // self.entry_size

    def partition(self, number: int) -> Partition | None:
        """The entry of that number, or None."""
        for partition in self.partitions:
            if partition.number == number:
                return partition
        return None


class Unreadable(Exception):
    """There is, or was, a GPT on this disk and it cannot be read. The text says what is wrong."""


def empty(sector_size: int, sectors: int) -> Table:
    """The table that a tool makes on a disk without one, before it holds any partition."""
    of_entries = sector_count(ENTRIES * ENTRY_SIZE, sector_size)
    return Table(
        bytes(16),
        2 + of_entries,
        sectors - 2 - of_entries,
        2,
        ENTRY_SIZE,
        bytes(ENTRIES * ENTRY_SIZE),
        (),
    )


def sector_count(length: int, sector_size: int) -> int:
    """How many sectors so many bytes take."""
    return -(-length // sector_size)


def read(device: int, sector_size: int, sectors: int) -> Table | None:
    """The table on an open disk of so many logical sectors; None where there is none.

    The first sector decides, as for libblkid, GPT fdisk and the kernel: one with the signature of an MBR and
    no protective entry is an MBR, whatever an earlier GPT left behind it. With a protective entry the table
    counts when one copy is sound. An empty first sector is what a cut of ours leaves, which writes it last:
    there the first copy must be sound. Raises Unreadable for all else that has a trace of a GPT.
    """
    try:
        master = _sectors(device, 0, 1, sector_size)
        protected = is_protective(master)
        if not protected and has_signature(master):
            return None
        first, complaint = _copy(device, 1, sector_size, sectors)
        if first is not None:
            second, _ = _copy(device, _backup(first, sectors), sector_size, sectors)
        else:
            second, other = _copy(device, sectors - 1, sector_size, sectors)
            complaint = complaint or other
        if protected and first is None and second is None:
            complaint = _of_other_sectors(device, sector_size) or complaint
    except OSError as error:
        raise Unreadable(f"reading it failed: {error.strerror}") from error
    traces = first is not None or second is not None or bool(complaint)
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
    if protected or complaint:
        raise Unreadable(complaint or "there is a protective MBR, but no GPT behind it")
    return None


def layout_error(table: Table, sector_size: int, sectors: int) -> str:
    """Why a table must not be written to a disk of so many sectors, "" if nothing speaks against it.

    GPT fdisk writes none of these either. Entries that a cut or another tool spoiled are found by this, not
    those that the config asks for, which have a place of their own.
    """
    of_entries = sector_count(len(table.entries), sector_size)
    first, last = table.entries_at + of_entries, sectors - 2 - of_entries
    end, before = first - 1, 0
    for one in sorted(table.partitions, key=lambda one: one.start):
        if one.last < one.start:
            return f"partition {one.number} ends before it begins"
        if one.start < first or one.last > last:
            return (
                f"partition {one.number} has sectors {one.start} to {one.last}, "
                f"and the table leaves {first} to {last}"
            )
        if one.start <= end and before:
            return f"partitions {before} and {one.number} overlap"
        end, before = one.last, one.number
    return ""


def has_signature(master_boot_record: bytes) -> bool:
    """Whether the first sector ends as an MBR, and the boot sector of a FAT or NTFS, does."""
    return master_boot_record[510:512] == b"\x55\xaa"


def is_protective(master_boot_record: bytes) -> bool:
    """Whether the first sector says that a GPT follows: an entry of type 0xEE.

    A hybrid MBR has others beside it. One of type 0xEF alone is a partition like any other.
    """
    if not has_signature(master_boot_record):
        return False
    return any(master_boot_record[446 + 16 * row + 4] == _PROTECTIVE for row in range(4))


def _of_other_sectors(device: int, sector_size: int) -> str:
    """Says so where a GPT lies as it would on a disk with sectors of another size."""
    for other in (512, 2048, 4096):
        if other != sector_size and os.pread(device, 8, other) == SIGNATURE:
            return f"the GPT was made for sectors of {other} bytes, and this disk has {sector_size}"
    return ""


def _damage(first: _Copy, second: _Copy | None, protected: bool) -> str:
    if second is None:
        return "the copy at the end of the disk"
    if (first.guid, first.entries) != (second.guid, second.entries):
        return "the copy at the end of the disk, which differs"
    return "" if protected else "the protective MBR"


@record
class _Copy:
    """One header whose own sum and whose entries' sum are right."""

    alternate: int
    first: int
    last: int
    guid: bytes
    entries_at: int
    entry_size: int
    entries: bytes


def _backup(first: _Copy, sectors: int) -> int:
    """Where the second copy should lie: where the first says, which on a grown disk is not the end."""
    return first.alternate if 1 < first.alternate < sectors else sectors - 1


def _copy(device: int, at: int, sector_size: int, sectors: int) -> tuple[_Copy | None, str]:
    """The header at a sector and its entries; or None and what is wrong, "" where there is no header."""
    data = _sectors(device, at, 1, sector_size)
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
        return None, f"the header at the {place} belongs to another sector"
    length = count * size
    if size < ENTRY_SIZE or size % ENTRY_SIZE or not 0 < length <= _MOST_BYTES_OF_ENTRIES:
        return None, f"the header at the {place} describes impossible entries"
    of_entries = sector_count(length, sector_size)
    if not 1 < entries_at <= sectors - of_entries or not first <= last < sectors:
        return None, f"the header at the {place} reaches behind the end of the disk"
    entries = _sectors(device, entries_at, of_entries, sector_size)[:length]
    if crc32(entries) != entries_sum:
        return None, f"the checksum of the entries at the {place} is wrong"
    return _Copy(alternate, first, last, guid, entries_at, size, entries), ""


def _sectors(device: int, at: int, count: int, sector_size: int) -> bytes:
    wanted = count * sector_size
    data = os.pread(device, wanted, at * sector_size)
    if len(data) < wanted:
        raise Unreadable("the disk ends before its own last sector")
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
    """The used ones of a table's entries, in the order of their numbers."""
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
    """A GUID as its 16 bytes stand in a table, written out: the first three groups are little-endian."""
    order = data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:]
    text = order.hex().upper()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def guid_bytes(text: str) -> bytes:
    """The inverse of `guid_text`. ValueError for what is not a GUID."""
    data = bytes.fromhex(text.replace("-", ""))
    if len(data) != 16:
        raise ValueError(text)
    return data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:]
