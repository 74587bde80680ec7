# SPDX-License-Identifier: Apache-2.0
"""Updates the kernel's view of single partitions, so that partitions in use are left alone.

BLKRRPART rereads the whole table. It fails if any partition is in use, and removes all device nodes for a
moment. BLKPG (linux/blkpg.h) is the ioctl that partx uses; calling it directly saves a process.
"""

from __future__ import annotations

import fcntl
import struct

from ignition.system import devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.system.devices import Block
    from ignition.system.gpt import Table

_BLKPG = 0x1269
_ADD, _DELETE, _RESIZE = 1, 2, 3
_PARTITION = struct.Struct("@qqi64s64s")  # start and length in bytes, number, two unused names
_REQUEST = struct.Struct("@iiiP")  # operation, flags, length and address of the struct above

Geometry = tuple[int, int]  # start and size in units of 512 bytes, as in sysfs


def partition_geometry(sysfs: str) -> Geometry:
    """The kernel's geometry of a partition."""
    start, size = (devices.read_sysfs(f"{sysfs}/{name}") for name in ("start", "size"))
    return int(start or -1), int(size or -1)


def kernel_geometry(disk: Block) -> dict[int, Geometry]:
    """The kernel's geometry of all partitions of a disk, by number."""
    return {number: partition_geometry(sysfs) for number, sysfs in devices.partitions(disk).items()}


def table_geometry(table: Table, sector_size: int) -> dict[int, Geometry]:
    """The geometry of all partitions in a table, by number."""
    factor = sector_size // 512
    return {
        partition.number: (partition.start * factor, partition.size * factor)
        for partition in table.partitions
    }


def update(
    device: int,
    disk: Block,
    wanted: dict[int, Geometry],
    touched: list[int],
    when_removed: Callable[[], None],
) -> list[str]:
    """Makes the kernel's view of the `touched` partitions match the table.

    Removes partitions that go or move, then shrinks, grows and adds, so that they never overlap. Only a
    removal fails if udev has the partition open: keep udev away until `when_removed` is called. Returns
    descriptions of what the kernel refused; it may already know the new state, so only `partitioning.verify`
    decides.
    """
    known = kernel_geometry(disk)
    refused: list[str] = []

    def try_operation(operation: int, number: int, new: Geometry) -> None:
        try:
            _blkpg(device, operation, number, new)
        except OSError as error:
            verb = {_ADD: "add", _DELETE: "remove", _RESIZE: "resize"}[operation]
            refused.append(f"cannot {verb} partition {number}: {error.strerror}")

    for number in touched:
        if number in known and known[number][0] != wanted.get(number, (-1, -1))[0]:
            try_operation(_DELETE, number, (0, 0))
            del known[number]
    when_removed()
    resized = [number for number in touched if number in known]
    for number in sorted(resized, key=lambda number: wanted[number][1] - known[number][1]):
        if wanted[number] != known[number]:
            try_operation(_RESIZE, number, wanted[number])
    for number in touched:
        if number in wanted and number not in known:
            try_operation(_ADD, number, wanted[number])
    return refused


def _blkpg(device: int, operation: int, number: int, new: Geometry) -> None:
    # An array exposes its address without ctypes. Imported here, because it pulls in `collections`.
    import array

    start, size = new
    partition = array.array("b", _PARTITION.pack(start * 512, size * 512, number, b"", b""))
    address, length = partition.buffer_info()
    fcntl.ioctl(device, _BLKPG, _REQUEST.pack(operation, 0, length, address))
