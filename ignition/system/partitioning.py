# SPDX-License-Identifier: Apache-2.0
"""Applies a partition table: on the disk, in the kernel, in udev."""

from __future__ import annotations

import fcntl
import os
import time

from ignition.base.errors import Failure, Refused
from ignition.base.record import record
from ignition.system import blkpg, devices, gpt, gptwrite
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.settings import Settings
    from ignition.system.blkpg import Geometry
    from ignition.system.devices import Block
    from ignition.system.gpt import Table

# Timeouts for the lock on the disk, and for kernel and udev to show the partitions.
_LOCK_SECONDS = 30.0
_VERIFY_SECONDS = 15.0


@record
class Disk:
    """A disk and its partition table; `table` is None if there is none or it is unreadable."""

    block: Block
    sector_size: int
    sectors: int
    table: Table | None


def inspect(device: str) -> Disk:
    """The disk at a path with its table. Raises OSError, gpt.Unreadable, and Failure IGN2002."""
    disk = disk_without_table(device)
    descriptor = os.open(disk.block.node, os.O_RDONLY)
    try:
        table = gpt.read(descriptor, disk.sector_size, disk.sectors)
    finally:
        os.close(descriptor)
    return Disk(disk.block, disk.sector_size, disk.sectors, table)


def has_boot_sector(device: str) -> bool:
    """Whether the first sector has an MBR signature. Raises OSError."""
    descriptor = os.open(device, os.O_RDONLY)
    try:
        return gpt.has_signature(os.pread(descriptor, 512, 0))
    finally:
        os.close(descriptor)


def disk_without_table(device: str) -> Disk:
    """The disk at a path, without reading its table."""
    block = devices.block(device)
    sector_size = devices.logical_sector_size(block)
    return Disk(block, sector_size, devices.size_in_bytes(block) // sector_size, None)


def mismatched_partitions(disk: Disk, table: Table) -> list[int]:
    """Numbers of the partitions that the kernel and the table do not agree on.

    Empty for a multipath disk, whose partitions are mapped devices. Partitions beyond the end of the disk are
    ignored.
    """
    if devices.mapper_name(disk.block):
        return []
    known = blkpg.kernel_geometry(disk.block)
    wanted = blkpg.table_geometry(table, disk.sector_size)
    impossible = {
        partition.number
        for partition in table.partitions
        if not 0 < partition.start <= partition.last < disk.sectors
    }
    return sorted(
        number
        for number in (known.keys() | wanted.keys()) - impossible
        if known.get(number) != wanted.get(number)
    )


def has_only_grown(disk: Disk, table: Table, number: int) -> bool:
    """Whether the table and the kernel differ only in that the partition is larger in the table."""
    known = blkpg.kernel_geometry(disk.block).get(number)
    wanted = blkpg.table_geometry(table, disk.sector_size).get(number)
    return (
        known is not None and wanted is not None and known[0] == wanted[0] and known[1] < wanted[1]
    )


class UdevGuard:
    """Keeps udev from rereading the table once its writer has closed the disk.

    Rereading removes all nodes and links for a moment. udev wants an exclusive lock on the disk for that, but
    only a shared one, like this, to process events. See https://systemd.io/BLOCK_DEVICE_LOCKING.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, disk: Disk) -> None:
        # Closing a disk that is not open for writing does not wake udev.
        self._descriptor = os.open(disk.block.node, os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> UdevGuard:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def release(self) -> None:
        """Leaves the table to udev."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def replace_lock(self, writer: int) -> None:
        """Turns the exclusive lock of the writer's descriptor into a shared one that outlives it.

        Somebody else may lock the disk in between, who then keeps udev away.
        """
        try:
            fcntl.flock(writer, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pass


def write(
    log: Log, disk: Disk, after: Table | None, touched: list[int], guard: UdevGuard, *, wipe: bool
) -> dict[int, Geometry]:
    """Wipes the old table if requested, writes the new one if there is one, and updates the kernel.

    `touched` lists the partitions to update in the kernel. Returns the geometry that the kernel should now
    report. Refused IGN2108 if the table has changed since it was read; Failure IGN2109 if another program
    keeps the disk locked.
    """
    writes = wipe or after is not None
    descriptor = os.open(disk.block.node, os.O_RDWR if writes else os.O_RDONLY)
    try:
        # udev ignores a locked disk (https://systemd.io/BLOCK_DEVICE_LOCKING). Otherwise it could read a
        # half-written table, and would remove all nodes for a moment.
        _lock(descriptor, disk)
        if wipe:
            gptwrite.wipe(descriptor, disk.table, disk.sector_size, disk.sectors)
        else:
            _check_unchanged(descriptor, disk)
        if after is not None:
            fresh = wipe or disk.table is None
            gptwrite.write(descriptor, after, disk.sector_size, disk.sectors, fresh=fresh)
        table = after if writes else disk.table
        wanted = blkpg.table_geometry(table, disk.sector_size) if table is not None else {}

        def relax() -> None:
            """The table is complete: udev may look at it, and at the partitions as they appear."""
            guard.replace_lock(descriptor)

        if devices.mapper_name(disk.block):
            relax()
        else:
            refusals = blkpg.update(descriptor, disk.block, wanted, touched, relax)
            for refusal in refusals:
                log.notice(f"the kernel {refusal}")
            if refusals:
                guard.release()  # perhaps udev succeeds
    finally:
        os.close(descriptor)
    return wanted


def _lock(descriptor: int, disk: Disk) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Failure(
                    "IGN2109",
                    f"another program keeps {disk.block.node} locked",
                    hint=f"`fuser -v {disk.block.node}` shows which",
                ) from None
            time.sleep(0.02)


def _check_unchanged(descriptor: int, disk: Disk) -> None:
    try:
        now = gpt.read(descriptor, disk.sector_size, disk.sectors)
    except gpt.Unreadable as error:
        raise Refused(
            "IGN2108", f"the table of {disk.block.node} became unreadable: {error}"
        ) from error
    if _content(now) != _content(disk.table):
        raise Refused(
            "IGN2108",
            f"the table of {disk.block.node} was changed by another program after it was read",
            hint="nothing was written to this disk; find out what else partitions it",
        )


def _content(table: Table | None) -> tuple[bytes, bytes] | None:
    return (table.guid, table.entries) if table is not None else None


def settle(
    log: Log, settings: Settings, disk: Block, wanted: dict[int, Geometry], touched: list[int]
) -> None:
    """Waits until udev has processed the disk and its changed partitions."""
    known = devices.partitions(disk)
    nodes = [f"/dev/{os.path.basename(known[number])}" for number in touched if number in known]
    # The event that announces a new partition precedes ours of the disk, and udev keeps the order.
    nodes = [node for node in nodes if devices.is_known_to_udev(node)]
    devices.trigger_udev(log, settings, [disk.node, *nodes])
    # kpartx, which udev runs for multipath disks, leaves everything mapped if the table is empty.
    for number, mapped in devices.mapped_partitions(disk).items():
        if number in touched and number not in wanted:
            args = [settings.program("dmsetup"), "remove", "--", devices.mapper_name(mapped)]
            run(log, args, what=f"unmapping partition {number} of {disk.node}", check=False)


def verify(
    log: Log, settings: Settings, disk: Block, wanted: dict[int, Geometry], touched: list[int]
) -> None:
    """Waits until kernel and device nodes match the table. Failure IGN2110 on timeout."""
    deadline = time.monotonic() + _VERIFY_SECONDS
    pause = 0.01
    while True:
        wrong = [
            text
            for number in touched
            if (text := _disagreement(log, settings, disk, number, wanted.get(number)))
        ]
        if not wrong:
            return
        if time.monotonic() > deadline:
            raise Failure(
                "IGN2110",
                f"the kernel's view of {disk.node} differs from its partition table: {'; '.join(wrong)}",
                hint="the table on the disk is correct; after a reboot the kernel rereads it",
            )
        time.sleep(pause)
        pause = min(pause * 2, 0.5)


def _disagreement(
    log: Log, settings: Settings, disk: Block, number: int, wanted: Geometry | None
) -> str:
    node = devices.partition_node(disk, number)
    if wanted is None:
        return f"{node} unexpectedly exists after partitioning" if os.path.exists(node) else ""
    if not devices.is_block(node):
        return f"{node} does not exist"
    if devices.mapper_name(disk):
        shown = devices.mapped_geometry(log, settings, node)
    else:
        shown = blkpg.partition_geometry(devices.block(node).sysfs)
    if shown == wanted:
        return ""
    actual = f"start {shown[0]} and size {shown[1]}" if shown else "no geometry"
    return f"{node} has {actual} in units of 512 bytes, expected {wanted[0]} and {wanted[1]}"
