# SPDX-License-Identifier: Apache-2.0
"""Writes GUID partition tables: both copies, safe against power loss, without unrelated changes.

No external tool does this. sgdisk sleeps one second per write and loses attribute bits when it resizes.
sfdisk rewrites the whole table and drops what it cannot express. With version 2.38, names outside the Basic
Multilingual Plane become empty and reserved attribute bits are lost, both with exit status 0; so are a hybrid
MBR and the MBR's boot flag.
"""

from __future__ import annotations

import os
from zlib import crc32

from ignition.system import gpt
from ignition.system.gpt import Partition, Table

_REVISION = 0x00010000
_BOOT_CODE = 440  # followed by the DOS disk signature and the four entries


def edit(table: Table, deleted: list[int], made: list[Partition]) -> Table:
    """The table with the numbers in `deleted` removed and the partitions in `made` added.

    An added partition replaces the whole entry with its number; bytes behind the known fields become zero.
    """
    size = table.entry_size
    entries = bytearray(table.entries)
    for number in deleted:
        entries[(number - 1) * size : number * size] = bytes(size)
    for partition in made:
        entries[(partition.number - 1) * size : partition.number * size] = _entry(partition).ljust(
            size, b"\0"
        )
    return Table(
        table.guid if any(table.guid) else _random_guid(),
        table.first_usable,
        table.last_usable,
        table.entries_at,
        size,
        bytes(entries),
        gpt.parse_entries(bytes(entries), size),
    )


def _random_guid() -> bytes:
    """A random (version 4) GUID in on-disk byte order."""
    data = bytearray(os.urandom(16))
    data[7] = data[7] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return bytes(data)


def _entry(partition: Partition) -> bytes:
    name = partition.name.encode("utf-16-le", "surrogatepass")[:72]
    return gpt.ENTRY.pack(
        gpt.guid_bytes(partition.type_guid),
        gpt.guid_bytes(partition.guid),
        partition.start,
        partition.last,
        partition.attributes,
        name,
    )


def write(device: int, table: Table, sector_size: int, sectors: int, *, fresh: bool) -> None:
    """Writes both copies to an open disk and waits until they are on it. Raises OSError.

    The backup copy goes to the end of the disk, even if the disk has grown. One copy is valid at all times,
    so after a power loss the old or the new table is found. `fresh` is for a disk without a table: the
    entries are written before the header, and the protective MBR last. Until then the first sector is zero,
    which is how `gpt.read` recognises an interrupted write.
    """
    master = os.pread(device, sector_size, 0)
    if fresh and any(master) and not gpt.is_protective(master):
        _write(device, 0, bytes(sector_size))
        os.fsync(device)
    entry_sectors = gpt.sector_count(len(table.entries), sector_size)
    last_usable = sectors - 2 - entry_sectors
    entries = table.entries.ljust(entry_sectors * sector_size, b"\0")

    def header(own: int, other: int, entries_at: int) -> bytes:
        return _header(table, own, other, last_usable, entries_at).ljust(sector_size, b"\0")

    first = [(table.entries_at, entries), (1, header(1, sectors - 1, table.entries_at))]
    second = [
        (last_usable + 1, entries),
        (sectors - 1, header(sectors - 1, 1, last_usable + 1)),
    ]
    for copy in (first, second) if fresh else (second, first):
        for at, data in copy:
            _write(device, at * sector_size, data)
            os.fsync(device)
    _write(device, 0, _protective(master, sectors))
    os.fsync(device)


def wipe(device: int, table: Table | None, sector_size: int, sectors: int) -> None:
    """Zeroes the MBR and both copies of a table, or the places where they would be.

    Same as `sgdisk --zap-all`. Raises OSError.
    """
    blank = gpt.empty(sector_size, sectors)
    erased = table or blank
    entry_sectors = gpt.sector_count(len(erased.entries), sector_size)
    for at, count in (
        (0, 2),
        (erased.entries_at, entry_sectors),
        (blank.last_usable + 1, sectors - 1 - blank.last_usable),
        (sectors - 1 - entry_sectors, entry_sectors),
    ):
        _write(device, at * sector_size, bytes(count * sector_size))
    os.fsync(device)


def _header(table: Table, own: int, other: int, last_usable: int, entries_at: int) -> bytes:
    def pack(own_sum: int) -> bytes:
        return gpt.HEADER.pack(
            gpt.SIGNATURE,
            _REVISION,
            gpt.HEADER.size,
            own_sum,
            0,
            own,
            other,
            table.first_usable,
            last_usable,
            table.guid,
            entries_at,
            table.capacity,
            table.entry_size,
            crc32(table.entries),
        )

    return pack(crc32(pack(0)))


def _protective(first_sector: bytes, sectors: int) -> bytes:
    """The first sector as a protective MBR. A plain one gets the size that the kernel checks."""
    master = bytearray(first_sector)
    place = b"\1\0\0\0" + min(sectors - 1, 0xFFFFFFFF).to_bytes(4, "little")
    if not gpt.is_protective(first_sector):
        entry = b"\0\0\2\0\xee\xff\xff\xff" + place
        master[_BOOT_CODE:512] = bytes(6) + entry + bytes(48) + b"\x55\xaa"
    elif not any(master[462:510]):  # a hybrid MBR is kept as it is
        master[454:462] = place
    return bytes(master)


def _write(device: int, offset: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(device, view, offset)
        view = view[written:]
        offset += written
