# SPDX-License-Identifier: Apache-2.0
"""Software RAID: each array of the config made by mdadm, or kept where exactly it is running already.

The spec has no member that allows or forbids overwriting: what members hold is overwritten, unless they are
in use. What udev has assembled of the work of an earlier run, or of old superblocks on partitions that such a
run made, is no use; docs/resume.md has the rules.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure, Refused
from ignition.config import limits
from ignition.engine.step import Step, Task
from ignition.system import arrays, devices, holders, mounts, probe, programs, usage
from ignition.system.run import run

from ..common import device_checks, own_devices
from ..common.deferral import is_open, names_of
from ..common.journal import digest_of_config
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
    """One step per array; what members are there and untouched by earlier steps is judged here."""
    arrays_wanted = [
        (one, context.origin("storage", "raid", index))
        for index, one in enumerate(config.storage.raid)
    ]
    if not arrays_wanted:
        return
    mdadm = context.settings.program("mdadm")
    if not programs.is_installed(mdadm):
        raise Refused(
            "IGN2203",
            f"{mdadm} is missing, so no array can be made",
            arrays_wanted[0][1],
            hint=f"the initramfs needs {mdadm} on PATH",
        )
    log = context.log.child("createRaids")
    _refuse_impossible(arrays_wanted, context)
    for wanted, origin in arrays_wanted:
        deferred = any(is_open(context, config, device) for device in wanted.devices)
        decision = None
        if not deferred:
            devices.wait_for_devices(
                log, context.settings, _named(wanted, origin), context.progress
            )
            try:
                decision = _decide(log, context, config, wanted, origin)
            except Failure as failure:
                context.refuse(failure)
                continue
        yield _step(config, wanted, origin, decision)


def _refuse_impossible(
    arrays_wanted: list[tuple[model.Raid, Origin]], context: PhaseContext
) -> None:
    """Refuses what the config alone forbids: IGN2115 for counts, IGN2202 for a device of two arrays."""
    taken: dict[str, str] = {}
    for wanted, origin in arrays_wanted:
        for member, text in limits.array_problems(wanted.raw):
            text = f"array {wanted.name} cannot be made: {text}"
            context.refuse(Refused("IGN2115", text, origin.at(member)))
        for index, device in enumerate(wanted.devices):
            first = taken.setdefault(os.path.realpath(device), wanted.name)
            if first != wanted.name:
                text = f"array {wanted.name} cannot take {device}: array {first} is made of it"
                context.refuse(Refused("IGN2202", text, origin.at("devices", index)))


def path_of(wanted: model.Raid) -> str:
    """The node under which an array appears."""
    return wanted.name if wanted.name.startswith("/dev") else f"/dev/md/{wanted.name}"


def _named(wanted: model.Raid, origin: Origin) -> list[tuple[str, Origin]]:
    return [(device, origin.at("devices", i)) for i, device in enumerate(wanted.devices)]


def _step(
    config: model.Config, wanted: model.Raid, origin: Origin, planned: Decision | None
) -> Step:
    def do(task: Task) -> None:
        log, settings = task.log, task.context.settings
        devices.wait_for_devices(log, settings, _named(wanted, origin), task.progress)
        aliases = [devices.make_alias(log, settings, device) for device in wanted.devices]
        decision = planned
        if decision is None or decision.act != KEEP:
            # udev may have assembled something since this was planned.
            decision = _decide(log, task.context, config, wanted, origin)
        if decision.act == KEEP:
            log.info(f'array "{wanted.name}" is running as wanted')
        elif decision.act == ASSEMBLE:
            _assemble(task, wanted, origin, aliases)
        else:
            _create(task, wanted, origin, aliases)

    members = tuple(name for device in wanted.devices for name in names_of(device))
    keeps = planned is not None and planned.act == KEEP
    return Step(
        f"{planned.act if planned else CREATE} array {wanted.name} of {len(wanted.devices)} devices",
        origin,
        do,
        needs=members,
        # What an array is made of is changed too: two arrays must not take the same device at once.
        provides=() if keeps else (path_of(wanted), *members),
        deferred=planned is None,
    )


def _decide(
    log: Log, context: PhaseContext, config: model.Config, wanted: model.Raid, origin: Origin
) -> Decision:
    """The decision by what is running now. Raises Refused."""
    blocks = [
        device_checks.block_of(device, origin.at("devices", index))
        for index, device in enumerate(wanted.devices)
    ]
    if len({block.number for block in blocks}) < len(blocks):
        raise Refused(
            "IGN2115",
            f"array {wanted.name} cannot be made: two of its devices are the same one",
            origin.at("devices"),
            hint=f"they lead to {', '.join(block.node for block in blocks)}",
        )
    belongs = [arrays.array_of_member(block) for block in blocks]
    decision = _reuse(wanted, blocks, belongs)
    if decision.act == KEEP:
        return decision
    own = _own_superblocks(context, wanted, blocks)
    held = [block for block in blocks if devices.holders(block.sysfs)]
    is_free = all(
        (any(own) or own_devices.has(context, config, block)) and not holders.find_user(block)
        for block in held
    )
    if is_free and any(own):
        numbers = frozenset(block.number for block in blocks)
        nothing = _hold_nothing(log, context.settings, belongs)
        decision = decisions.resume(decision, numbers, belongs, own, holds_nothing=nothing)
    elif is_free and held:
        log.notice(f"array {wanted.name} takes the place of what old superblocks brought up")
        decision = Decision(CREATE)
    if decision.act == REFUSE:
        raise Refused(
            "IGN2201",
            f"array {wanted.name} cannot be made: {decision.why}",
            origin,
            hint="stop that array (mdadm --stop) and clear its members (mdadm --zero-superblock)",
        )
    _refuse_unusable(wanted, origin, held if is_free else [])
    return decision


def _reuse(wanted: model.Raid, blocks: list[Block], belongs: list[Array | None]) -> Decision:
    numbers = frozenset(block.number for block in blocks)
    return decisions.reuse(wanted, numbers, belongs, os.path.realpath(path_of(wanted)))


def _own_superblocks(
    context: PhaseContext, wanted: model.Raid, blocks: list[Block]
) -> list[Superblock | None]:
    """For each member the superblock that a run with this config wrote for this array."""
    digest = digest_of_config(context)
    found = [own_devices.read_superblock(block.node) for block in blocks]
    return [one if one and own_devices.is_own_array(one, digest, wanted) else None for one in found]


def _hold_nothing(log: Log, settings: Settings, belongs: list[Array | None]) -> bool:
    """Whether the arrays run, and neither a filesystem nor anything else is on them."""
    nodes = {one.node for one in belongs if one is not None and one.is_running}
    found = [probe.probe(log, settings, node) for node in sorted(nodes)]
    return bool(found) and not any(one.kind or one.table for one in found)


def _refuse_unusable(wanted: model.Raid, origin: Origin, freed: list[Block]) -> None:
    """`freed` are the members from which what is built on them will be taken down."""
    mounted, swaps = mounts.read_mounts(), mounts.read_swaps()
    for index, device in enumerate(wanted.devices):
        place, block = origin.at("devices", index), devices.block(device)
        device_checks.refuse_empty(block, device, place)
        device_checks.refuse_read_only(block, device, place)
        if block in freed:
            continue
        reason = usage.find_users(block, mounted, swaps).reason
        if reason:
            raise Refused(
                "IGN2202",
                f"array {wanted.name} cannot take {device}: {reason}",
                place,
                hint="stop what uses it",
            )


def _create(task: Task, wanted: model.Raid, origin: Origin, aliases: list[str]) -> None:
    settings = task.context.settings
    path = path_of(wanted)
    held = [alias for alias in aliases if devices.holders(devices.block(alias).sysfs)]
    with holders.UdevLock([devices.block(alias) for alias in held]):
        for alias in held:
            holders.stop(task.log, settings, devices.block(alias))
        for alias in held:
            argv = [settings.program("wipefs"), "-a", alias]
            run(task.log, argv, what=f'wiping old signatures from "{alias}"')
    uuid = own_devices.new_array_uuid(digest_of_config(task.context), wanted)
    run(
        task.log,
        command(settings, wanted, aliases, uuid),
        what=f'creating "{wanted.name}" of {len(aliases)} devices',
    )
    devices.wait_for_devices(task.log, settings, [(path, origin.at("name"))], task.progress)


def _assemble(task: Task, wanted: model.Raid, origin: Origin, aliases: list[str]) -> None:
    log, settings = task.log, task.context.settings
    path = path_of(wanted)
    blocks = [devices.block(alias) for alias in aliases]
    with holders.UdevLock(blocks):
        for block in blocks:
            holders.stop(log, settings, block)
        run(
            log,
            [settings.program("mdadm"), "--assemble", path, *aliases],
            what=f'assembling "{wanted.name}" of {len(aliases)} devices',
        )
    devices.wait_for_devices(log, settings, [(path, origin.at("name"))], task.progress)
    decision = _reuse(wanted, blocks, [arrays.array_of_member(block) for block in blocks])
    if decision.act != KEEP:
        raise Refused(
            "IGN2204",
            f"array {wanted.name} of an earlier run does not come up as the config wants it: "
            f"{decision.why or 'it does not run'}",
            origin,
            hint=f"`mdadm --detail {path}` shows it; mend it, or clear its members "
            "(mdadm --zero-superblock) to have it made anew",
        )


def command(settings: Settings, wanted: model.Raid, aliases: list[str], uuid: str) -> list[str]:
    """The call of mdadm. The first devices carry data, the last are spares.

    `uuid` is that of the array, "" for one that mdadm chooses. Options of the config that give one win.
    """
    spares = wanted.spares or 0
    chosen = any(_gives_uuid(word) for word in wanted.options)
    return [
        settings.program("mdadm"),
        *("--create", wanted.name, "--force", "--run", "--homehost", "any"),
        *("--level", wanted.level or "", "--raid-devices", str(len(aliases) - spares)),
        *(("--spare-devices", str(spares)) if spares > 0 else ()),
        *((f"--uuid={uuid}",) if uuid and not chosen else ()),
        *wanted.options,
        *aliases,
    ]


def _gives_uuid(word: str) -> bool:
    """Whether an option may be about the UUID: mdadm takes only one, and for containers of firmware none."""
    return (
        word.startswith("--u")
        or (word[:1] == "-" and word[1:2] != "-" and "u" in word)
        or "imsm" in word
        or "ddf" in word
    )
