# SPDX-License-Identifier: Apache-2.0
"""What a disk holds before it is partitioned, and what of it forbids that."""

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
    left: dict[int, Table | None],
) -> Disk:
    """The disk of an entry with its table. `left`: what earlier entries for the same disk leave of it.

    Raises Failure and OSError.
    """
    device = config.device
    disk = partitioning.disk_without_table(device)
    place = origin.at("device")
    if config.partitions:
        device_checks.refuse_partition(disk.block, device, place)
    if config.partitions or config.wipe_table:
        device_checks.refuse_empty(disk.block, device, place)
    if disk.block.number in left:
        disk.table = left[disk.block.number]
        return disk
    try:
        with log.operation(f'reading partition table of "{device}"'):
            disk = partitioning.inspect(device)
    except gpt.Unreadable as error:
        if config.partitions and not config.wipe_table:
            raise Refused(
                "IGN2101",
                f"the partition table of {device} cannot be read: {error}",
                origin,
                hint="mend it (`sgdisk --verify` shows more), or set wipeTable to true to replace it",
            ) from error
        return disk
    if config.wipe_table:
        return disk
    if disk.table is None:
        _refuse_other_table(log, context, config, origin)
    elif disk.table.damaged and config.partitions:
        _look_at_damaged(log, context, config, disk.table, origin)
    return disk


def _look_at_damaged(
    log: Log, context: PhaseContext, config: model.Disk, table: Table, origin: Origin
) -> None:
    """What else lies on a disk with a damaged table may be what the disk is used for by now.

    Without a protective MBR the GPT may be older than that; only one that was made for this config, as a cut
    leaves it, is believed.
    """
    found = probe.probe(log, context.settings, config.device, origin)
    if not found.kind:
        return
    own = own_devices.is_own_table(table, digest_of_config(context), config.device)
    if table.protected or own:
        log.warning(f"{config.device} holds {found} beside a GPT that is damaged: {table.damaged}")
        return
    raise Refused(
        "IGN2101",
        f"{config.device} holds {found} and a GPT without a protective MBR, perhaps an old one",
        origin,
        hint="set wipeTable to true to replace both, or erase the wrong one with `wipefs`",
    )


def _refuse_other_table(
    log: Log, context: PhaseContext, config: model.Disk, origin: Origin
) -> None:
    """A disk without GPT may hold something: another table stops, for a filesystem there is a warning."""
    found = probe.probe(log, context.settings, config.device, origin)
    if found.table:
        raise Refused(
            "IGN2102",
            f"{config.device} does not have a GPT but a partition table of type {found.table}",
            origin,
            hint="set wipeTable to true to replace it",
        )
    if not any(one.should_exist is not False for one in config.partitions):
        return
    if partitioning.has_boot_sector(config.device):
        # For GPT fdisk this is an MBR, whatever else it is, the first sector of a FAT for example.
        raise Refused(
            "IGN2102",
            f"{config.device} does not have a GPT but a boot sector, and holds {found}",
            origin,
            hint="set wipeTable to true to replace it",
        )
    if found.kind:
        log.warning(f"{config.device} holds {found}; a partition table is written over it")
