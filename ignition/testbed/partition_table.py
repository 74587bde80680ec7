# SPDX-License-Identifier: Apache-2.0
"""Reads the partition table of a disk image, as far as it tells how the disk boots and what is on it."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
BIOS_BOOT = "21686148-6449-6e6f-744e-656564454649"
MBR_ESP = "ef"
MAX_ENTRIES = 1024
"""Of a GPT. The standard has 128; a damaged header may say anything."""

Read = Callable[[int, int], bytes]
"""Reads bytes of the disk: offset and count."""


@dataclass(frozen=True)
class Partition:
    """`kind`: the type GUID of a GPT, or two hexadecimal digits. `end`: the offset of the byte after it."""

    kind: str
    label: str
    end: int


@dataclass(frozen=True)
class Table:
    """A partition table.

    kind        gpt, mbr, or none
    boot_code   whether the first sector has code that a BIOS can run
    sector      the sector size in bytes for which a GPT was made
    disk_size   bytes that the disk must at least have. The second copy of a GPT does not count: machines
                boot without it.
    """

    kind: str
    boot_code: bool
    partitions: tuple[Partition, ...] = ()
    sector: int = 512
    disk_size: int = 0

    def has(self, *kinds: str) -> bool:
        return any(partition.kind in kinds for partition in self.partitions)

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(partition.label for partition in self.partitions)


def read_table(read: Read) -> Table:
    """The partition table of a disk."""
    first = read(0, 512)
    signed = first[510:512] == b"\x55\xaa"
    boot_code = signed and any(first[:440])
    for sector in (512, 4096):
        header = read(sector, 92)
        if header.startswith(b"EFI PART") and len(header) == 92:
            return _gpt(read, header, sector, boot_code)
    entries = tuple(_mbr(first)) if signed else ()
    if not entries:
        return Table("none", boot_code)
    return Table("mbr", boot_code, entries, disk_size=max(entry.end for entry in entries))


def _gpt(read: Read, header: bytes, sector: int, boot_code: bool) -> Table:
    start, count, size = struct.unpack_from("<QII", header, 72)
    entries = tuple(_gpt_entries(read, start * sector, min(count, MAX_ENTRIES), size, sector))
    end = max((entry.end for entry in entries), default=0)
    return Table("gpt", boot_code, entries, sector, end)


def _gpt_entries(read: Read, start: int, count: int, size: int, sector: int) -> Iterator[Partition]:
    if not 128 <= size <= 4096:
        return
    body = read(start, count * size)
    for offset in range(0, len(body) - size + 1, size):
        entry = body[offset : offset + size]
        if any(entry[:16]):
            kind = str(uuid.UUID(bytes_le=entry[:16]))
            label = entry[56:128].decode("utf-16-le", errors="replace").split("\0")[0]
            (last,) = struct.unpack_from("<Q", entry, 40)
            yield Partition(kind, label, (last + 1) * sector)


def _mbr(first: bytes) -> Iterator[Partition]:
    for offset in range(446, 510, 16):
        kind = first[offset + 4]
        start, count = struct.unpack_from("<II", first, offset + 8)
        # The first sector of a file system also ends in 55 AA: only a sane entry makes a table.
        if first[offset] not in (0, 0x80):
            return
        if kind and count:
            yield Partition(f"{kind:02x}", "", (start + count) * 512)
