# SPDX-License-Identifier: Apache-2.0
"""Software RAID: each array is created by mdadm, or kept if exactly this array is already running.

The spec cannot allow or forbid overwriting. The contents of members are overwritten unless they are in use.
Arrays that udev has assembled from the work of an earlier run, or from old superblocks on partitions created
by such a run, do not count as use; docs/resume.md has the rules.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure, Refused
from ignition.config import limits
from ignition.engine.step import Step, Task
from ignition.system import arrays, devices, holders, mounts, probe, usage
from ignition.system.run import run

from ..common import device_checks, own_devices
from ..common.created import array_names, array_path
from ..common.deferral import must_defer, resource_keys
from ..common.journal import digest_of_config
from ..common.requirements import require_program
from . import decisions
from .decisions import ASSEMBLE, CREATE, KEEP, REFUSE, Decision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.config import model
    from ignition.engine.context import PhaseContext
    from ignition.system.arrays import Array
    from ignition.system.devices import Block
    from ignition.system.mdsuper import Superblock


def plan(config: model.Config, context: PhaseContext) -> Iterator[Step]:
    """One step per array. Decides here if all members exist and no earlier step changes them."""
    arrays_wanted = [
        (entry, context.origin("storage", "raid", index))
        for index, entry in enumerate(config.storage.raid)
    ]
    if not arrays_wanted:
        return
    consequence = "arrays cannot be created"
    require_program(context.settings, "mdadm", "IGN2203", consequence, arrays_wanted[0][1])
    log = context.log.child("createRaids")
    _refuse_impossible(arrays_wanted, context)
    for wanted, origin in arrays_wanted:
        deferred = any(must_defer(context, config, device) for device in wanted.devices)
        decision = None
        if not deferred:
            devices.wait_for_devices(
                log, context.settings, _member_origins(wanted, origin), context.progress
            )
            try:
                blocks = _find_blocks(wanted, origin)
                decision = _decide(log, context, config, wanted, blocks, origin)
            except Failure as failure:
                context.refuse(failure)
                continue
        yield _step(config, wanted, origin, decision)


def _refuse_impossible(
    arrays_wanted: list[tuple[model.Raid, Origin]], context: PhaseContext
) -> None:
    """Refuses impossible configs: IGN2115 for counts, IGN2202 for a device in two arrays."""
    taken: dict[str, str] = {}
    for wanted, origin in arrays_wanted:
        for member, text in limits.array_problems(wanted.raw):
            text = f"array {wanted.name} cannot be created: {text}"
            context.refuse(Refused("IGN2115", text, origin.at(member)))
        for index, device in enumerate(wanted.devices):
            first = taken.setdefault(os.path.realpath(device), wanted.name)
            if first != wanted.name:
                text = f"array {wanted.name} cannot use {device}: it belongs to array {first}"
                context.refuse(Refused("IGN2202", text, origin.at("devices", index)))


def _member_origins(wanted: model.Raid, origin: Origin) -> list[tuple[str, Origin]]:
    return [(device, origin.at("devices", i)) for i, device in enumerate(wanted.devices)]


def _step(
    config: model.Config, wanted: model.Raid, origin: Origin, planned: Decision | None
) -> Step:
    def do(task: Task) -> None:
        log, settings = task.log, task.context.settings
        devices.wait_for_devices(log, settings, _member_origins(wanted, origin), task.progress)
        aliases = [devices.make_alias(log, settings, device) for device in wanted.devices]
        if planned is not None and planned.act == KEEP:
            log.info(f'array "{wanted.name}" is running as wanted')
            return
        blocks = _find_blocks(wanted, origin)
        # udev gives a member with an old superblock to mdadm, which then holds it or has assembled something.
        with holders.UdevLock(blocks):
            decision = _decide(log, task.context, config, wanted, blocks, origin)
            if decision.act == KEEP:
                log.info(f'array "{wanted.name}" is running as wanted')
                return
            make = _assemble if decision.act == ASSEMBLE else _create
            make(task, wanted, aliases)
        path = array_path(wanted)
        devices.wait_for_devices(log, settings, [(path, origin.at("name"))], task.progress)
        if decision.act == ASSEMBLE:
            _verify_assembled(wanted, origin, aliases)

    names = array_names(wanted)
    members = tuple(name for device in wanted.devices for name in resource_keys(device))
    keeps = planned is not None and planned.act == KEEP
    return Step(
        f"{planned.act if planned else CREATE} array {wanted.name} of {len(wanted.devices)} devices",
        origin,
        do,
        needs=members,
        # Members are changed too: two arrays must not use the same device concurrently.
        provides=() if keeps else (*names, *members),
        creates=names,
        deferred=planned is None,
    )


def _find_blocks(wanted: model.Raid, origin: Origin) -> list[Block]:
    return [
        device_checks.find_block(device, place) for device, place in _member_origins(wanted, origin)
    ]


def _decide(
    log: Log,
    context: PhaseContext,
    config: model.Config,
    wanted: model.Raid,
    blocks: list[Block],
    origin: Origin,
) -> Decision:
    """The decision based on what is running now. Raises Refused. Links of udev may be missing meanwhile."""
    if len({block.number for block in blocks}) < len(blocks):
        raise Refused(
            "IGN2115",
            f"array {wanted.name} cannot be created: two of its devices are the same",
            origin.at("devices"),
            hint=f"they resolve to {', '.join(block.node for block in blocks)}",
        )
    current = [arrays.array_of_member(block) for block in blocks]
    decision = _reuse(wanted, blocks, current)
    if decision.act == KEEP:
        return decision
    own = _own_superblocks(context, wanted, blocks)
    held = [block for block in blocks if devices.holders(block.sysfs)]
    is_free = all(
        (any(own) or own_devices.is_own_device(context, config, block))
        and not holders.find_user(block)
        for block in held
    )
    if is_free and any(own):
        numbers = frozenset(block.number for block in blocks)
        are_empty = _are_empty(log, context.settings, current)
        decision = decisions.resume(decision, numbers, current, own, are_empty=are_empty)
    elif is_free and held:
        log.notice(f"array {wanted.name} replaces an array that was assembled from old superblocks")
        decision = Decision(CREATE)
    if decision.act == REFUSE:
        raise Refused(
            "IGN2201",
            f"array {wanted.name} cannot be created: {decision.why}",
            origin,
            hint="stop that array (mdadm --stop) and clear its members (mdadm --zero-superblock)",
        )
    _refuse_unusable(wanted, blocks, origin, held if is_free else [])
    _refuse_taken_name(wanted, origin, frozenset(block.number for block in blocks))
    return decision


def _refuse_taken_name(wanted: model.Raid, origin: Origin, members: frozenset[int]) -> None:
    """Refused IGN2201 if a device of this name is there, built on other devices than these."""
    path = array_path(wanted)
    if not devices.is_block(path):
        return
    present = devices.block(path)
    if not arrays.members_of(present.sysfs) <= members:
        raise Refused(
            "IGN2201",
            f"array {wanted.name} cannot be created: {path} is there already, on other devices",
            origin.at("name"),
            hint=f"stop that array (mdadm --stop {present.node}), or choose another name",
        )


def _reuse(wanted: model.Raid, blocks: list[Block], current: list[Array | None]) -> Decision:
    numbers = frozenset(block.number for block in blocks)
    return decisions.reuse(wanted, numbers, current, os.path.realpath(array_path(wanted)))


def _own_superblocks(
    context: PhaseContext, wanted: model.Raid, blocks: list[Block]
) -> list[Superblock | None]:
    """For each member, its superblock if a run with this config wrote it for this array."""
    digest = digest_of_config(context)
    found = [own_devices.read_superblock(block.node) for block in blocks]
    return [
        superblock if superblock and own_devices.is_own_array(superblock, digest, wanted) else None
        for superblock in found
    ]


def _are_empty(log: Log, settings: Settings, current: list[Array | None]) -> bool:
    """Whether the arrays are running and contain no filesystem or anything else."""
    nodes = {array.node for array in current if array is not None and array.is_running}
    found = [probe.probe(log, settings, node) for node in sorted(nodes)]
    return bool(found) and not any(array.kind or array.table for array in found)


def _refuse_unusable(
    wanted: model.Raid, blocks: list[Block], origin: Origin, freed: list[Block]
) -> None:
    """Refuses members that cannot be used. Everything built on the `freed` ones will be stopped."""
    mounted, swaps = mounts.read_mounts(), mounts.read_swaps()
    for (device, place), block in zip(_member_origins(wanted, origin), blocks, strict=True):
        device_checks.refuse_empty(block, device, place)
        device_checks.refuse_read_only(block, device, place)
        if block in freed:
            continue
        reason = usage.find_users(block, mounted, swaps).reason
        if reason:
            raise Refused(
                "IGN2202",
                f"array {wanted.name} cannot use {device}: {reason}",
                place,
                hint="stop what uses it",
            )


def _create(task: Task, wanted: model.Raid, aliases: list[str]) -> None:
    settings = task.context.settings
    held = [alias for alias in aliases if devices.holders(devices.block(alias).sysfs)]
    for alias in held:
        holders.stop(task.log, settings, devices.block(alias))
    for alias in held:
        args = [settings.program("wipefs"), "-a", alias]
        run(task.log, args, what=f'wiping old signatures from "{alias}"')
    uuid = own_devices.new_array_uuid(digest_of_config(task.context), wanted)
    run(
        task.log,
        mdadm_args(settings, wanted, aliases, uuid),
        what=f'creating "{wanted.name}" of {len(aliases)} devices',
    )


def _assemble(task: Task, wanted: model.Raid, aliases: list[str]) -> None:
    settings = task.context.settings
    for alias in aliases:
        holders.stop(task.log, settings, devices.block(alias))
    run(
        task.log,
        [settings.program("mdadm"), "--assemble", array_path(wanted), *aliases],
        what=f'assembling "{wanted.name}" of {len(aliases)} devices',
    )


def _verify_assembled(wanted: model.Raid, origin: Origin, aliases: list[str]) -> None:
    """Refused IGN2204 if the array of an earlier run is not the wanted one."""
    blocks = [devices.block(alias) for alias in aliases]
    decision = _reuse(wanted, blocks, [arrays.array_of_member(block) for block in blocks])
    if decision.act != KEEP:
        raise Refused(
            "IGN2204",
            f"array {wanted.name} of an earlier run does not match the config: "
            f"{decision.why or 'it is not running'}",
            origin,
            hint=f"`mdadm --detail {array_path(wanted)}` shows it; repair it, or clear its members "
            "(mdadm --zero-superblock) to recreate it",
        )


def mdadm_args(settings: Settings, wanted: model.Raid, aliases: list[str], uuid: str) -> list[str]:
    """The mdadm command. The first devices are data devices, the last ones spares.

    The array is named by its path, which gives it the same name: a plain name would be looked up in the
    working directory first, and a file or folder there is an error. `uuid` "" lets mdadm choose one. Options
    in the config that set a UUID take precedence.
    """
    spares = wanted.spares or 0
    chosen = any(_sets_uuid(option) for option in wanted.options)
    return [
        settings.program("mdadm"),
        *("--create", array_path(wanted), "--force", "--run", "--homehost", "any"),
        *("--level", wanted.level or "", "--raid-devices", str(len(aliases) - spares)),
        *(("--spare-devices", str(spares)) if spares > 0 else ()),
        *((f"--uuid={uuid}",) if uuid and not chosen else ()),
        *wanted.options,
        *aliases,
    ]


def _sets_uuid(option: str) -> bool:
    """Whether an option may set the UUID. mdadm accepts only one, and none for firmware RAID containers."""
    return (
        option.startswith("--u")
        or (option[:1] == "-" and option[1:2] != "-" and "u" in option)
        or "imsm" in option
        or "ddf" in option
    )
