# SPDX-License-Identifier: Apache-2.0
"""Writing a GUID partition table: what changes and no more, both copies, surviving a cut.

No tool is called. sgdisk sleeps a second per write and loses attribute bits on a resize. sfdisk writes
the whole table anew and so loses what it cannot express (measured with 2.38: names beyond the basic
plane become empty and reserved attribute bits are dropped, both with exit status 0; a hybrid MBR and the
boot flag of the MBR go). Here every byte stays that nobody asked to change.
"""

from __future__ import annotations

import os
from zlib import crc32

from ignition.system import gpt
from ignition.system.gpt import Partition, Table

_REVISION = 0x00010000
_BOOT_CODE = 440  # the disk signature of DOS and the four entries follow it


def edit(table: Table, deleted: list[int], made: list[Partition]) -> Table:
    """The table without the deleted numbers and with the made partitions.

    A made partition replaces the entry of its number whole; bytes behind the fields that we know stay zero.
    """
    size = table.entry_size
    entries = bytearray(table.entries)
    for number in deleted:
        entries[(number - 1) * size : number * size] = bytes(size)
    for one in made:
        entries[(one.number - 1) * size : one.number * size] = _entry(one).ljust(size, b"\0")
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
    """A random GUID of version 4, as it stands in a table."""
    data = bytearray(os.urandom(16))
    data[7] = data[7] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return bytes(data)


def _entry(one: Partition) -> bytes:
    name = one.name.encode("utf-16-le", "surrogatepass")[:72]
    return gpt.ENTRY.pack(
        gpt.guid_bytes(one.type_guid),
        gpt.guid_bytes(one.guid),
        one.start,
        one.last,
        one.attributes,
        name,
    )


def write(device: int, table: Table, sector_size: int, sectors: int, *, fresh: bool) -> None:
    """Writes both copies to an open disk and waits until they are on it. Raises OSError.

    The second copy goes to the end of the disk, also on one that has grown. After a cut at any point a
    table that was sound is found either as it was or as it should be, because one copy is whole. `fresh`
    is for a disk without a table: its header comes after its entries, its first sector last; until then it is
    empty, since an empty one is how a cut is known.
    """
    master = os.pread(device, sector_size, 0)
    if fresh and any(master) and not gpt.is_protective(master):
        _write(device, 0, bytes(sector_size))
        os.fsync(device)
    of_entries = gpt.sector_count(len(table.entries), sector_size)
    last_usable = sectors - 2 - of_entries
    entries = table.entries.ljust(of_entries * sector_size, b"\0")

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
    """Zeroes the first sector and both copies of a table, or the places where they would be.

    What `sgdisk --zap-all` does. Raises OSError.
    """
    blank = gpt.empty(sector_size, sectors)
    one = table or blank
    of_entries = gpt.sector_count(len(one.entries), sector_size)
    for at, count in (
        (0, 2),
        (one.entries_at, of_entries),
        (blank.last_usable + 1, sectors - 1 - blank.last_usable),
        (sectors - 1 - of_entries, of_entries),
    ):
        _write(device, at * sector_size, bytes(count * sector_size))
    os.fsync(device)


def _header(table: Table, own: int, other: int, last_usable: int, entries_at: int) -> bytes:
    def packed(own_sum: int) -> bytes:
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

    return packed(crc32(packed(0)))


def _protective(first_sector: bytes, sectors: int) -> bytes:
    """The first sector as a protective MBR. A plain one gets the place and size that the kernel asks for."""
    master = bytearray(first_sector)
    place = b"\1\0\0\0" + min(sectors - 1, 0xFFFFFFFF).to_bytes(4, "little")
    if not gpt.is_protective(first_sector):
        entry = b"\0\0\2\0\xee\xff\xff\xff" + place
        master[_BOOT_CODE:512] = bytes(6) + entry + bytes(48) + b"\x55\xaa"
    elif not any(master[462:510]):  # a hybrid one belongs to somebody
        master[454:462] = place
    return bytes(master)


def _write(device: int, offset: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(device, view, offset)
        view = view[written:]
        offset += written
