# SPDX-License-Identifier: Apache-2.0
"""Partitions: one GPT per listed disk, changed in one write, with everything decided before the first.

Rules: reference engine-disks 2. What the config wants and what is found meet in `partition_decisions`.
"""

from __future__ import annotations

from ignition.base.errors import Failure, Refused, Several
from ignition.base.record import record
from ignition.engine.step import Step, Task
from ignition.system import devices, gpt, gptwrite, mounts, partitioning, probe, usage
from ignition.system.placement import Layout

from . import own_partitions
from . import partition_decisions as decisions
from . import partition_marks as marks
from .journal import digest_of_config
from .partition_decisions import Decision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.engine.machine import Machine
    from ignition.system.gpt import Table
    from ignition.system.partitioning import Disk


@record
class _Work:
    """What is done to one disk. `after` is the table to write, None if there is none to write."""

    config: model.Disk
    origin: Origin
    disk: Disk
    decided: list[Decision]
    after: Table | None
    touched: list[int]
    wipes: bool

    @property
    def changes(self) -> bool:
        return self.wipes or self.after is not None


def plan(config: model.Config, machine: Machine) -> Iterator[Step]:
    """One step per disk. All disks are waited for, read and decided about here."""
    disks = config.storage.disks
    if not disks:
        return
    log = machine.log.child("createPartitions")
    named = [
        (disk.device, machine.origin("storage", "disks", index, "device"))
        for index, disk in enumerate(disks)
    ]
    devices.wait(log, machine.settings, named, machine.progress)
    mounted, swaps = mounts.mounted(), mounts.swaps()
    # A disk may be listed under two names: the second entry finds what the first one leaves.
    left: dict[int, Table | None] = {}
    for index, one in enumerate(disks):
        origin = machine.origin("storage", "disks", index)
        try:
            disk = _inspect(log, machine, one, origin, left)
            work = _decide(log, machine, index, one, disk)
            _refuse_if_in_use(log, work, usage.of_disk(disk.block, mounted, swaps))
        except Failure as failure:
            machine.refuse(failure)
            continue
        except OSError as error:
            text = f"{one.device} cannot be read: {error.strerror}"
            machine.refuse(Failure("IGN2004", text, origin, cause=error))
            continue
        left[disk.block.number] = work.after if work.changes else disk.table
        yield _step(machine, work)


def _inspect(
    log: Log,
    machine: Machine,
    config: model.Disk,
    origin: Origin,
    left: dict[int, Table | None],
) -> Disk:
    device = config.device
    disk = partitioning.without_table(device)
    if disk.block.number in left:
        disk.table = left[disk.block.number]
        return disk
    try:
        with log.operation(f'reading partition table of "{device}"'):
            disk = partitioning.inspect(device)
    except gpt.Unreadable as error:
        if not config.wipe_table:
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
        _refuse_other_table(log, machine, config, origin)
    elif disk.table.damaged:
        _look_at_damaged(log, machine, config, disk.table, origin)
    return disk


def _look_at_damaged(
    log: Log, machine: Machine, config: model.Disk, table: Table, origin: Origin
) -> None:
    """What else lies on a disk with a damaged table may be what the disk is used for by now.

    Without a protective MBR the GPT may be older than that; only one that was made for this config, as a cut
    leaves it, is believed.
    """
    found = probe.probe(log, machine.settings, config.device, origin)
    if not found.kind:
        return
    if table.protected or _has_own(machine, config, table):
        log.warning(f"{config.device} holds {found} beside a GPT that is damaged: {table.damaged}")
        return
    raise Refused(
        "IGN2101",
        f"{config.device} holds {found} and a GPT without a protective MBR, perhaps an old one",
        origin,
        hint="set wipeTable to true to replace both, or erase the wrong one with `wipefs`",
    )


def _has_own(machine: Machine, config: model.Disk, table: Table) -> bool:
    """Whether an earlier run with this config made a partition of the table."""
    digest = digest_of_config(machine)
    return any(
        marks.is_ours(one.guid, digest, f"{config.device} {entry}")
        or one.guid == (wanted.guid or "").upper()
        for one in table.partitions
        for entry, wanted in enumerate(config.partitions)
    )


def _refuse_other_table(log: Log, machine: Machine, config: model.Disk, origin: Origin) -> None:
    """A disk without GPT may hold something: another table stops, for a filesystem there is a warning."""
    found = probe.probe(log, machine.settings, config.device, origin)
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


def _decide(log: Log, machine: Machine, index: int, config: model.Disk, disk: Disk) -> _Work:
    own = disk.table is not None and own_partitions.is_own_table(
        disk.table, digest_of_config(machine), config.device
    )
    if config.wipe_table and own:
        # An earlier run with this config has wiped the disk, and udev may have assembled an array of its
        # partitions since then. Only what somebody else has changed is a reason to wipe it again.
        try:
            work = _decide_by(log, machine, index, config, disk, wipes=False)
        except Failure:
            work = None
        if work is not None and _is_as_made(work):
            log.info(f"{config.device} was wiped by an earlier run with this config")
            return work
    return _decide_by(log, machine, index, config, disk, wipes=bool(config.wipe_table))


def _is_as_made(work: _Work) -> bool:
    kept = {one.wanted.number for one in work.decided if one.act == decisions.KEEP}
    table = work.disk.table
    return (
        table is not None
        and {one.number for one in table.partitions} == kept
        and not any(one.act in decisions.CHANGES for one in work.decided)
    )


def _decide_by(
    log: Log, machine: Machine, index: int, config: model.Disk, disk: Disk, *, wipes: bool
) -> _Work:
    def origin(entry: int) -> Origin:
        return machine.origin("storage", "disks", index, "partitions", entry)

    config_digest = digest_of_config(machine)
    before = None if wipes else disk.table
    base = before or gpt.empty(disk.sector_size, disk.sectors)
    if before is None:
        base.guid = own_partitions.new_table_guid(config_digest, config.device)

    def new_guid(entry: int) -> str:
        return marks.new_guid(config_digest, f"{config.device} {entry}")

    def is_ours(guid: str, entry: int) -> bool:
        return marks.is_ours(guid, config_digest, f"{config.device} {entry}")

    entries = decisions.wanted_of(config, disk.sector_size, new_guid)
    try:
        layout = Layout(base, disk.sector_size, disk.sectors)
        decisions.resolve(entries, base, layout, is_ours)
    except decisions.Unfit as unfit:
        raise Refused(
            "IGN2103",
            f"a partition does not fit on {config.device}: {unfit}",
            origin(unfit.index),
            hint=f"partitions may use sectors {base.first_usable} to {base.last_usable} of this disk, "
            "and those that the config does not list stay where they are",
        ) from unfit
    decided = decisions.decide_all(entries, base)
    _refuse_mismatches(config, decided, origin)
    _warn_of_replaced(log, config, decided)
    # A bad copy is mended on a disk whose partitions the config describes: an earlier run of ours may have
    # been cut off between the two.
    mends = bool(before and before.damaged and entries)
    changed = [one for one in decided if one.act in decisions.CHANGES]
    touched = [one.wanted.number for one in changed]
    if wipes:
        touched += [number for number in devices.partitions(disk.block) if number not in touched]
    after = _table_after(base, changed) if changed or mends else None
    return _Work(
        config, machine.origin("storage", "disks", index), disk, decided, after, touched, wipes
    )


def _table_after(base: Table, changed: list[Decision]) -> Table:
    deleted = [one.wanted.number for one in changed if one.act == decisions.DELETE]
    made = [
        decisions.made(one, base.partition(one.wanted.number))
        for one in changed
        if one.act != decisions.DELETE
    ]
    return gptwrite.changed(base, deleted, made)


def _refuse_mismatches(config: model.Disk, decided: list[Decision], origin: _OriginOf) -> None:
    failures: list[Failure] = [
        Refused("IGN2104", f"{config.device}: {one.why}", origin(one.wanted.index), hint=one.hint)
        for one in decided
        if one.act == decisions.REFUSE
    ]
    if failures:
        raise failures[0] if len(failures) == 1 else Several(failures)


def _warn_of_replaced(log: Log, config: model.Disk, decided: list[Decision]) -> None:
    """The original replaces a partition here although the entry that deletes it does not allow that."""
    kept = {
        one.number
        for one in config.partitions
        if one.should_exist is False and not one.wipe_partition_entry
    }
    for one in decided:
        if one.act == decisions.RECREATE and one.wanted.chosen and one.wanted.number in kept:
            log.warning(
                f"partition {one.wanted.number} of {config.device} is replaced by an entry without a "
                "number; the entry that deletes it lacks wipePartitionEntry"
            )


def _refuse_if_in_use(log: Log, work: _Work, used: usage.Usage) -> None:
    device = work.config.device
    if work.changes and used.disk:
        raise Refused(
            "IGN2105",
            f"refusing to operate on directly active disk {device}: {used.disk}",
            work.origin,
            hint="stop what uses it, or leave this disk out of the config",
        )
    if work.wipes and used.partitions:
        number, reason = next(iter(used.partitions.items()))
        raise Refused(
            "IGN2106",
            f"refusing to wipe active disk {device}: partition {number}: {reason}",
            work.origin,
            hint="leave out wipeTable, or stop what uses the disk",
        )
    for one in work.decided:
        number = one.wanted.number
        if one.act not in decisions.CHANGES:
            continue
        if number in used.partitions:
            raise Refused(
                "IGN2107",
                f"refusing to modify active partition {number} of {device}: {used.partitions[number]}",
                work.origin.at("partitions", one.wanted.index),
                hint=f"the config asks to {one.act} it" + (f": {one.why}" if one.why else ""),
            )
        if number in used.doubtful:
            log.warning(f"partition {number} of {device} is changed though {used.doubtful[number]}")


def _step(machine: Machine, work: _Work) -> Step:
    return Step(
        _says(work),
        work.origin,
        lambda task: _do(task, work),
        needs=(work.disk.block.node,),
        provides=_provides(work),
    )


def _says(work: _Work) -> str:
    acts = [one.act for one in work.decided if one.act in decisions.CHANGES]
    parts = ["wipe the table"] if work.wipes else []
    for act in decisions.CHANGES:
        if act in acts:
            parts.append(f"{act} {acts.count(act)}")
    return f"partition {work.config.device}: {', '.join(parts) or 'as wanted already'}"


def _provides(work: _Work) -> tuple[str, ...]:
    """The names under which later steps may ask for what this one changes."""
    if not work.changes:
        return ()
    device, node = work.config.device, work.disk.block.node
    names = [device, node]
    for number in work.touched:
        names.append(devices.partition_node(work.disk.block, number))
        if device.startswith("/dev/disk/"):
            names.append(f"{device}-part{number}")
    for one in work.decided:
        if one.act in decisions.CHANGES and one.wanted.exists:
            if one.wanted.label:
                names.append(f"/dev/disk/by-partlabel/{devices.udev_name(one.wanted.label)}")
            if one.wanted.guid:
                names.append(f"/dev/disk/by-partuuid/{one.wanted.guid.lower()}")
    return tuple(dict.fromkeys(names))


def _do(task: Task, work: _Work) -> None:
    log, settings = task.log, task.machine.settings
    alias = devices.make_alias(log, settings, work.config.device)
    with log.operation(f'partitioning "{alias}"') as inner:
        for one in work.decided:
            inner.info(_tell(one, work.config.device))
        block, touched = work.disk.block, work.touched
        if not work.changes:
            devices.trigger(inner, settings, [block.node])
            return
        task.progress("writing the table")
        wanted = partitioning.write(inner, work.disk, work.after, touched, wipe=work.wipes)
        task.progress("waiting for the kernel and udev to show the partitions")
        partitioning.settle(inner, settings, block, touched)
        partitioning.verify(inner, settings, block, wanted, touched)


def _tell(one: Decision, device: str) -> str:
    if one.act not in decisions.CHANGES:
        return f"{one.why} on {device}"
    wanted = one.wanted
    if one.act == decisions.DELETE:
        return f"deleting partition {wanted.number} of {device}"
    why = f", because {one.why}" if one.why else ""
    words = {
        decisions.CREATE: "creating",
        decisions.RESIZE: "resizing",
        decisions.RECREATE: "wiping and recreating",
    }
    return (
        f"{words[one.act]} partition {wanted.number} of {device} "
        f"at sector {wanted.start}, {wanted.size} sectors{why}"
    )


if TYPE_CHECKING:
    from collections.abc import Callable

    _OriginOf = Callable[[int], Origin]
