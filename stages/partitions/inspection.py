# SPDX-License-Identifier: Apache-2.0
"""Reads a disk before it is partitioned, and refuses contents that must not be partitioned."""

from __future__ import annotations

from ignition.base.errors import Refused
from ignition.system import gpt, partitioning, probe

from ..common import device_checks, own_devices
from ..common.journal import digest_of_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.engine.context import PhaseContext
    from ignition.system.gpt import Table
    from ignition.system.partitioning import Disk


def inspect(
    log: Log,
    context: PhaseContext,
    config: model.Disk,
    origin: Origin,
    planned_tables: dict[int, Table | None],
) -> Disk:
    """The disk of an entry with its table.

    `planned_tables` holds the tables planned by earlier entries, by device number. Raises Failure and
    OSError.
    """
    device = config.device
    disk = partitioning.disk_without_table(device)
    place = origin.at("device")
    if config.partitions:
        device_checks.refuse_partition(disk.block, device, place)
    if config.partitions or config.wipe_table:
        device_checks.refuse_empty(disk.block, device, place)
    if disk.block.number in planned_tables:
        table = planned_tables[disk.block.number]
        return partitioning.Disk(disk.block, disk.sector_size, disk.sectors, table)
    try:
        with log.operation(f'reading partition table of "{device}"'):
            disk = partitioning.inspect(disk.block.node)
    except gpt.Unreadable as error:
        if config.partitions and not config.wipe_table:
            raise Refused(
                "IGN2101",
                f"the partition table of {device} cannot be read: {error}",
                origin,
                hint="repair it (`sgdisk --verify` shows more), or set wipeTable to true to replace it",
            ) from error
        return disk
    if config.wipe_table:
        return disk
    if disk.table is None:
        _refuse_other_table(log, context, config, disk, origin)
    elif disk.table.damaged and config.partitions:
        _check_damaged_table(log, context, config, disk, disk.table, origin)
    return disk


def _check_damaged_table(
    log: Log,
    context: PhaseContext,
    config: model.Disk,
    disk: Disk,
    table: Table,
    origin: Origin,
) -> None:
    """Refuses a damaged table if the disk seems to be used for something else.

    Without a protective MBR the GPT may predate the other contents. It only counts if it was created for this
    config, which an interrupted run leaves like this.
    """
    found = probe.probe(log, context.settings, disk.block.node, origin)
    if not found.kind:
        return
    own = own_devices.is_own_table(table, digest_of_config(context), config.device)
    if table.protected or own:
        log.warning(f"{config.device} holds {found} besides a damaged GPT: {table.damaged}")
        return
    raise Refused(
        "IGN2101",
        f"{config.device} holds {found} and a GPT without a protective MBR, which may be outdated",
        origin,
        hint="set wipeTable to true to replace both, or erase the wrong one with `wipefs`",
    )


def _refuse_other_table(
    log: Log, context: PhaseContext, config: model.Disk, disk: Disk, origin: Origin
) -> None:
    """Refuses another type of partition table; only warns of a filesystem."""
    found = probe.probe(log, context.settings, disk.block.node, origin)
    if found.table:
        raise Refused(
            "IGN2102",
            f"{config.device} does not have a GPT but a partition table of type {found.table}",
            origin,
            hint="set wipeTable to true to replace it",
        )
    if not any(one.should_exist is not False for one in config.partitions):
        return
    if partitioning.has_boot_sector(disk.block.node):
        # GPT fdisk takes this for an MBR, even if it is the boot sector of a FAT, for example.
        raise Refused(
            "IGN2102",
            f"{config.device} does not have a GPT but a boot sector, and holds {found}",
            origin,
            hint="set wipeTable to true to replace it",
        )
    if found.kind:
        log.warning(f"{config.device} holds {found}; a partition table will overwrite it")
