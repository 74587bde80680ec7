# SPDX-License-Identifier: Apache-2.0
"""Partitions: one GPT per listed disk, planned completely and written at once.

`decisions` compares what the config wants with what is on the disk. Rules: docs/behaviour/disks.md.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure
from ignition.base.record import record
from ignition.engine.step import Step, Task
from ignition.system import devices, gpt, gptwrite, mounts, partitioning, usage
from ignition.system.placement import Layout

from ..common import device_checks, guids, own_devices
from ..common.created import links_of_partition, names_of, partition_names
from ..common.deferral import is_created, resource_keys
from ..common.journal import digest_of_config
from . import decisions, in_use, inspection, refusals
from .decisions import Decision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.engine.context import PhaseContext
    from ignition.system.blkpg import Geometry
    from ignition.system.gpt import Table
    from ignition.system.partitioning import Disk


@record
class _DiskPlan:
    """What is to be done with one disk.

    `before` is the table that the decisions are based on, `after` the one to write, None to write none.
    `touched` lists the partitions that change, `stale` others whose geometry in the kernel differs from the
    table.
    """

    config: model.Disk
    origin: Origin
    disk: Disk
    decided: list[Decision]
    before: Table
    after: Table | None
    touched: list[int]
    wipes: bool
    stale: list[int]

    __hash__ = None  # type: ignore[assignment]

    @property
    def changes(self) -> bool:
        return self.wipes or self.after is not None


def plan(config: model.Config, context: PhaseContext) -> Iterator[Step]:
    """One step per disk. Waits for all disks that this phase does not create, reads them and decides here."""
    disks = config.storage.disks
    if not disks:
        return
    log = context.log.child("createPartitions")
    created = {disk.device for disk in disks if is_created(context, config, disk.device)}
    named = [
        (disk.device, context.origin("storage", "disks", index, "device"))
        for index, disk in enumerate(disks)
        if disk.device not in created
    ]
    if named:
        devices.wait_for_devices(log, context.settings, named, context.progress)
    in_use_now = mounts.read_mounts(), mounts.read_swaps()
    # A disk may be listed under two names. The second entry starts from the table that the first one plans.
    planned_tables: dict[int, Table | None] = {}
    for index, entry in enumerate(disks):
        try:
            if entry.device in created:
                yield _deferred(context, config, index, entry)
                continue
            work = _inspect(log, context, index, entry, planned_tables, in_use_now)
        except Failure as failure:
            context.refuse(failure)
            continue
        planned_tables[work.disk.block.number] = work.after if work.changes else work.disk.table
        yield _step(context, work)


def _inspect(
    log: Log,
    context: PhaseContext,
    index: int,
    entry: model.Disk,
    planned_tables: dict[int, Table | None],
    users: tuple[list[mounts.Mount], list[str]],
) -> _DiskPlan:
    """Reads a disk and decides. `users` are what is mounted and used as swap. Raises Failure."""
    origin = context.origin("storage", "disks", index)
    try:
        disk = inspection.inspect(log, context, entry, origin, planned_tables)
        used = usage.find_users(disk.block, *users)
        work = _decide(log, context, index, entry, disk, used)
        if work.changes:
            _refuse_unusable(log, work, used)
        if disk.block.number not in planned_tables:
            work.stale = _stale_partitions(log, work, used)
    except OSError as error:
        text = f"{entry.device} cannot be read: {error.strerror}"
        raise Failure("IGN2004", text, origin, cause=error) from error
    return work


def _deferred(context: PhaseContext, config: model.Config, index: int, entry: model.Disk) -> Step:
    """The step for a disk that another step of this phase creates, such as an array."""
    origin = context.origin("storage", "disks", index)
    refusals.refuse_volume(config, entry, origin)
    refusals.refuse_impossible(entry, lambda at: origin.at("partitions", at))

    def do(task: Task) -> None:
        log, settings = task.log, task.context.settings
        named = [(entry.device, origin.at("device"))]
        devices.wait_for_devices(log, settings, named, task.progress)
        in_use_now = mounts.read_mounts(), mounts.read_swaps()
        _do(task, _inspect(log, task.context, index, entry, {}, in_use_now))

    keys = resource_keys(entry.device)
    return Step(
        f"partition {entry.device}, once it exists",
        origin,
        do,
        needs=keys,
        provides=(*keys, *partition_names(entry, names_of(config, keys))),
        deferred=True,
    )


def _decide(
    log: Log, context: PhaseContext, index: int, config: model.Disk, disk: Disk, used: usage.Usage
) -> _DiskPlan:
    own = disk.table is not None and own_devices.is_own_table(
        disk.table, digest_of_config(context), config.device
    )
    if config.wipe_table and own:
        # An earlier run with this config has wiped the disk, and udev may have assembled an array from its
        # partitions since. Wipe it again only if somebody else has changed the table.
        try:
            work = _plan_disk(log, context, index, config, disk, used, wipes=False)
        except Failure:
            work = None
        if work is not None and _is_unchanged(work):
            log.info(f"{config.device} was wiped by an earlier run with this config")
            return work
    return _plan_disk(log, context, index, config, disk, used, wipes=bool(config.wipe_table))


def _is_unchanged(work: _DiskPlan) -> bool:
    kept = {decision.wanted.number for decision in work.decided if decision.act == decisions.KEEP}
    table = work.disk.table
    return (
        table is not None
        and {partition.number for partition in table.partitions} == kept
        and not any(decision.act in decisions.CHANGES for decision in work.decided)
    )


def _plan_disk(
    log: Log,
    context: PhaseContext,
    index: int,
    config: model.Disk,
    disk: Disk,
    used: usage.Usage,
    *,
    wipes: bool,
) -> _DiskPlan:
    def origin(entry: int) -> Origin:
        return context.origin("storage", "disks", index, "partitions", entry)

    refusals.refuse_impossible(config, origin)
    config_digest = digest_of_config(context)
    before = None if wipes else disk.table
    base = before or gpt.empty(
        disk.sector_size, disk.sectors, own_devices.new_table_guid(config_digest, config.device)
    )

    def new_guid(entry: int) -> str:
        return guids.new_guid(config_digest, f"{config.device} {entry}")

    def is_ours(guid: str, entry: int) -> bool:
        return guids.matches(guid, config_digest, f"{config.device} {entry}")

    entries = decisions.parse_entries(config, disk.sector_size, new_guid)
    try:
        layout = Layout(base, disk.sector_size, disk.sectors)
        decisions.resolve(entries, base, layout, is_ours)
    except decisions.DoesNotFit as problem:
        raise refusals.does_not_fit(config, disk, base, problem, origin(problem.index)) from problem
    decided = decisions.decide_all(entries, base)
    refusals.refuse_mismatches(config, decided, origin)
    refusals.warn_of_replaced(log, config, decided)
    changed = [decision for decision in decided if decision.act in decisions.CHANGES]
    touched = [decision.wanted.number for decision in changed]
    if wipes:
        known = devices.partitions(disk.block) or devices.mapped_partitions(disk.block)
        touched += [number for number in known if number not in touched]
    place = context.origin("storage", "disks", index)
    after = _table_after(base, changed)
    fault = gpt.layout_error(after, disk.sector_size, disk.sectors)
    if changed and fault:
        raise refusals.invalid_table(config, fault, place)
    # Repair a damaged copy if the config describes partitions of this disk: an earlier run may have been
    # interrupted between writing the two.
    damaged = before is not None and before.damaged and entries
    repairs = damaged and not (fault or used.disk or devices.is_read_only(disk.block))
    writes = changed or repairs
    return _DiskPlan(
        config, place, disk, decided, base, after if writes else None, touched, wipes, []
    )


def _refuse_unusable(log: Log, work: _DiskPlan, used: usage.Usage) -> None:
    device = work.config.device
    device_checks.refuse_read_only(work.disk.block, device, work.origin.at("device"))
    in_use.refuse_disk_in_use(device, work.origin, used, wipes=work.wipes)
    in_use.refuse_partitions_in_use(log, device, work.origin, used, work.decided, work.before)


def _stale_partitions(log: Log, work: _DiskPlan, used: usage.Usage) -> list[int]:
    """Unchanged partitions whose geometry the kernel should be told.

    A partition in use is left alone, because data may be on its way to where the kernel believes it is. Only
    growing it is safe.
    """
    if not work.decided or used.disk:
        return []
    table = work.after or work.before
    found = []
    for number in partitioning.mismatched_partitions(work.disk, table):
        reason = used.partitions.get(number) or used.tolerated.get(number)
        if number in work.touched:
            continue
        if not reason or partitioning.has_only_grown(work.disk, table, number):
            found.append(number)
        else:
            log.warning(
                f"the kernel's view of partition {number} of {work.config.device} differs from the table, "
                f"and cannot be updated because {reason}"
            )
    return found


def _table_after(base: Table, changed: list[Decision]) -> Table:
    deleted = [decision.wanted.number for decision in changed if decision.act == decisions.DELETE]
    made = [
        decisions.new_partition(decision, base.partition(decision.wanted.number))
        for decision in changed
        if decision.act != decisions.DELETE
    ]
    return gptwrite.edit(base, deleted, made)


def _step(context: PhaseContext, work: _DiskPlan) -> Step:
    return Step(
        _summary(work),
        work.origin,
        lambda task: _do(task, work),
        needs=tuple(dict.fromkeys((work.config.device, work.disk.block.node))),
        provides=_provides(work),
    )


def _summary(work: _DiskPlan) -> str:
    acts = [decision.act for decision in work.decided if decision.act in decisions.CHANGES]
    parts = ["wipe the table"] if work.wipes else []
    if work.stale:
        parts.append(f"update {len(work.stale)} in the kernel")
    for act in decisions.CHANGES:
        if act in acts:
            parts.append(f"{act} {acts.count(act)}")
    return f"partition {work.config.device}: {', '.join(parts) or 'no changes'}"


def _provides(work: _DiskPlan) -> tuple[str, ...]:
    """The device names that later steps may need and that this step changes or creates."""
    device, node = work.config.device, work.disk.block.node
    names = [device, node] if work.changes else []
    for number in work.touched + work.stale:
        partition_node = devices.partition_node(work.disk.block, number)
        names += [partition_node, os.path.realpath(partition_node)]
        if device.startswith("/dev/disk/"):
            names.append(f"{device}-part{number}")
    table = work.after or work.before
    for partition in table.partitions:
        if partition.number in work.touched or partition.number in work.stale:
            names += links_of_partition(partition.name, partition.guid)
    return tuple(dict.fromkeys(names))


def _do(task: Task, work: _DiskPlan) -> None:
    log, settings = task.log, task.context.settings
    alias = devices.make_alias(log, settings, work.config.device)
    with log.operation(f'partitioning "{alias}"') as inner:
        for decision in work.decided:
            inner.info(_describe(decision, work.config.device))
        block = work.disk.block
        to_update = work.touched + work.stale
        if not work.changes and not to_update:
            devices.trigger_udev(inner, settings, [block.node])
            return
        if work.stale:
            numbers = ", ".join(map(str, work.stale))
            inner.info(
                f"the kernel's view of these partitions of {work.config.device} is outdated: {numbers}"
            )
        task.progress("writing the table" if work.changes else "updating the kernel")
        wanted = _write(inner, task, work, to_update)
        listed = {decision.wanted.number for decision in work.decided}
        partitioning.verify(
            inner,
            settings,
            block,
            wanted,
            work.touched + [number for number in work.stale if number in listed],
        )


def _write(log: Log, task: Task, work: _DiskPlan, to_update: list[int]) -> dict[int, Geometry]:
    """Writes the table, and waits until udev knows the partitions `to_update`. Returns their geometry.

    Failure IGN2116 if the disk cannot be written.
    """
    try:
        guard = partitioning.UdevGuard(work.disk)
    except OSError as error:
        raise _unwritable(work, error) from error
    with guard:
        try:
            wanted = partitioning.write(
                log, work.disk, work.after, to_update, guard, wipe=work.wipes
            )
        except OSError as error:
            raise _unwritable(work, error) from error
        task.progress("waiting for the kernel and udev to show the partitions")
        partitioning.settle(log, task.context.settings, work.disk.block, wanted, to_update)
    return wanted


def _unwritable(work: _DiskPlan, error: OSError) -> Failure:
    return Failure(
        "IGN2116",
        f"the partition table of {work.config.device} cannot be written: {error.strerror}",
        work.origin,
        hint="the disk is broken, or the storage behind it is full; see the kernel log; "
        "a repeated run continues from here",
        cause=error,
    )


def _describe(decision: Decision, device: str) -> str:
    if decision.act not in decisions.CHANGES:
        return f"{decision.why} on {device}"
    wanted = decision.wanted
    if decision.act == decisions.DELETE:
        return f"deleting partition {wanted.number} of {device}"
    why = f", because {decision.why}" if decision.why else ""
    verbs = {
        decisions.CREATE: "creating",
        decisions.RESIZE: "resizing",
        decisions.RECREATE: "wiping and recreating",
    }
    return (
        f"{verbs[decision.act]} partition {wanted.number} of {device} "
        f"at sector {wanted.start}, {wanted.size} sectors{why}"
    )
