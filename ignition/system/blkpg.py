# SPDX-License-Identifier: Apache-2.0
"""Telling the kernel which partitions a disk has, one by one, so that those in use stay untouched.

BLKRRPART, which reads the whole table anew, fails as soon as one partition is in use and takes all nodes away
for a moment. BLKPG (linux/blkpg.h) is what partx uses; asked for directly it costs no process.
"""

from __future__ import annotations

import fcntl
import struct

from ignition.system import devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.devices import Block
    from ignition.system.gpt import Table

_BLKPG = 0x1269
_ADD, _DELETE, _RESIZE = 1, 2, 3
_PARTITION = struct.Struct("@qqi64s64s")  # start and length in bytes, number, two unused names
_REQUEST = struct.Struct("@iiiP")  # what to do, flags, length and address of the partition

Geometry = tuple[int, int]  # start and size, both in 512 bytes as sysfs has them


def partition_geometry(sysfs: str) -> Geometry:
    """What the kernel thinks of a partition."""
    start, size = (devices.read_sysfs(f"{sysfs}/{name}") for name in ("start", "size"))
    return int(start or -1), int(size or -1)


def kernel_geometry(disk: Block) -> dict[int, Geometry]:
    """What the kernel thinks of each partition of a disk."""
    return {number: partition_geometry(sysfs) for number, sysfs in devices.partitions(disk).items()}


def table_geometry(table: Table, sector_size: int) -> dict[int, Geometry]:
    """What the kernel should think of each partition of a table."""
    factor = sector_size // 512
    return {one.number: (one.start * factor, one.size * factor) for one in table.partitions}


def update(device: int, disk: Block, wanted: dict[int, Geometry], touched: list[int]) -> list[str]:
    """Makes the kernel's idea of the touched partitions agree with the table.

    First all that go or move, then shrinking, growing and new ones, so that none is in another's way. Returns
    what the kernel refused, in words: it may know already, so that only a look afterwards decides.
    """
    known = kernel_geometry(disk)
    refused: list[str] = []

    def ask(act: int, number: int, place: Geometry) -> None:
        try:
            _ask(device, act, number, place)
        except OSError as error:
            word = {_ADD: "add", _DELETE: "remove", _RESIZE: "resize"}[act]
            refused.append(f"cannot {word} partition {number}: {error.strerror}")

    for number in touched:
        if number in known and known[number][0] != wanted.get(number, (-1, -1))[0]:
            ask(_DELETE, number, (0, 0))
            del known[number]
    resized = [number for number in touched if number in known]
    for number in sorted(resized, key=lambda number: wanted[number][1] - known[number][1]):
        if wanted[number] != known[number]:
            ask(_RESIZE, number, wanted[number])
    for number in touched:
        if number in wanted and number not in known:
            ask(_ADD, number, wanted[number])
    return refused


def _ask(device: int, act: int, number: int, place: Geometry) -> None:
    # The address of an array can be had without ctypes. It brings `collections` along, so only when needed.
    import array

    start, size = place
    partition = array.array("b", _PARTITION.pack(start * 512, size * 512, number, b"", b""))
    address, length = partition.buffer_info()
    fcntl.ioctl(device, _BLKPG, _REQUEST.pack(act, 0, length, address))
