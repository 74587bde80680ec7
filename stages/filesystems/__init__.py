# SPDX-License-Identifier: Apache-2.0
"""Filesystems and swap: created on empty devices, kept if they match, otherwise refused.

`decisions` compares what the config wants with what is on the device. Rules: docs/behaviour/disks.md.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure, Refused
from ignition.engine.step import Step, Task
from ignition.system import devices, holders, mounts, probe, usage
from ignition.system.run import run

from ..common import device_checks, own_devices
from ..common.deferral import must_defer, resource_keys
from ..common.requirements import require_program
from . import decisions, mkfs
from .decisions import Decision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.config import model
    from ignition.engine.context import PhaseContext
    from ignition.system.devices import Block


def plan(config: model.Config, context: PhaseContext) -> Iterator[Step]:
    """One step per filesystem. Decides here about devices that no earlier step changes."""
    wanted = [
        (entry, context.origin("storage", "filesystems", index))
        for index, entry in enumerate(config.storage.filesystems)
        if entry.format != decisions.VIRTIOFS
    ]
    if not wanted:
        return
    log = context.log.child("createFilesystems")
    later = {entry.device for entry, _ in wanted if must_defer(context, config, entry.device)}
    now = [
        (entry.device, origin.at("device")) for entry, origin in wanted if entry.device not in later
    ]
    if now:
        devices.wait_for_devices(log, context.settings, now, context.progress)
    for entry, origin in wanted:
        if entry.device in later:
            yield _deferred(config, entry, origin)
            continue
        try:
            yield _decided(log, context, config, entry, origin)
        except Failure as failure:
            context.refuse(failure)


def _deferred(config: model.Config, wanted: model.Filesystem, origin: Origin) -> Step:
    def do(task: Task) -> None:
        log, settings = task.log, task.context.settings
        named = [(wanted.device, origin.at("device"))]
        devices.wait_for_devices(log, settings, named, task.progress)
        alias = devices.make_alias(log, settings, wanted.device)
        if wanted.format is not None:
            _do(task, wanted, _decide(log, task.context, config, wanted, alias, origin), alias)

    names = resource_keys(wanted.device)
    return Step(_summary(wanted), origin, do, needs=names, provides=names, deferred=True)


def _decided(
    log: Log, context: PhaseContext, config: model.Config, wanted: model.Filesystem, origin: Origin
) -> Step:
    decision = Decision(decisions.SKIP)
    if wanted.format is not None:
        decision = _decide(log, context, config, wanted, wanted.device, origin)

    def do(task: Task) -> None:
        alias = devices.make_alias(task.log, task.context.settings, wanted.device)
        if wanted.format is not None:
            _do(task, wanted, decision, alias)

    names = resource_keys(wanted.device)
    summary = (
        _summary(wanted)
        if decision.act in (decisions.MAKE, decisions.WIPE)
        else _summary_of_kept(wanted)
    )
    return Step(summary, origin, do, needs=names, provides=names)


def _summary(wanted: model.Filesystem) -> str:
    if wanted.format is None:
        return f"wait for {wanted.device}"
    if wanted.format in ("", decisions.NONE):
        return f"leave no filesystem on {wanted.device}"
    return f"make {wanted.format} on {wanted.device}"


def _summary_of_kept(wanted: model.Filesystem) -> str:
    if wanted.format in (None, "", decisions.NONE):
        return f"leave {wanted.device} as it is"
    return f"keep {wanted.format} on {wanted.device}"


def _decide(
    log: Log,
    context: PhaseContext,
    config: model.Config,
    wanted: model.Filesystem,
    device: str,
    origin: Origin,
) -> Decision:
    """The decision based on the current contents of the device. Raises Refused."""
    settings = context.settings
    block = device_checks.find_block(device, origin.at("device"))
    mark = mkfs.read_mark(block.node, origin)
    if mkfs.is_own_mark(context, mark):
        log.notice(f'an earlier run left an unfinished filesystem on "{device}": recreating it')
        found, decision = probe.ProbeResult(), decisions.recreate(wanted)
    else:
        with log.operation(f'determining filesystem type of "{device}"'):
            found = probe.probe(log, settings, block.node, origin)
        log.info(
            f'found {found.kind} filesystem at "{device}" with uuid "{found.uuid}" and label "{found.label}"'
        )
        decision = decisions.reuse(wanted, found)
    if decision.act == decisions.REFUSE:
        log.error(
            f'filesystem at "{device}" is not of the correct type, label, or UUID '
            "and a filesystem wipe was not requested"
        )
        raise Refused(
            "IGN2401",
            f"filesystem is not of the correct type: {wanted.device} holds {found}: {decision.why}",
            origin,
            hint="set wipeFilesystem to true to replace it, "
            "or describe what is there (format, label, uuid) to keep it",
        )
    if decision.act == decisions.KEEP and mkfs.is_flagged_unfinished(
        block.node, found.kind, origin
    ):
        log.notice(f'the xfs on "{device}" is flagged as unfinished: recreating it')
        decision = decisions.recreate(wanted)
    if decision.act == decisions.KEEP and mark:
        raise Refused(
            "IGN2405",
            f"{wanted.device} holds {found}, left unfinished by a run with another config",
            origin,
            hint=f"set wipeFilesystem to true to recreate it, or `wipefs --all {wanted.device}`",
        )
    if decision.act in (decisions.MAKE, decisions.WIPE):
        _refuse_unusable(wanted, block, origin)
        use = usage.find_users(block, mounts.read_mounts(), mounts.read_swaps()).reason
        if use and devices.holders(block.sysfs):
            if own_devices.is_own_device(context, config, block):
                # udev has assembled something from old signatures on it.
                use = holders.find_user(block)
                decision = Decision(decision.act, decision.why, stops_holders=not use)
        elif use and _is_done_already(context, config, wanted, block, found):
            log.warning(
                f"{wanted.device} already holds what the config wants and is in use ({use}): keeping it"
            )
            return Decision(decisions.KEEP)
        if use:
            raise Refused(
                "IGN2402",
                f"refusing to overwrite {wanted.device}: {use}",
                origin,
                hint="stop what uses it, or leave out wipeFilesystem to keep its contents",
            )
        _refuse_without_program(settings, wanted, origin)
        if found.table and not found.kind:
            log.warning(f"{wanted.device} holds {found}, which will be overwritten")
    return decision


def _refuse_unusable(wanted: model.Filesystem, block: Block, origin: Origin) -> None:
    place = origin.at("device")
    device_checks.refuse_empty(block, wanted.device, place)
    device_checks.refuse_read_only(block, wanted.device, place)


def _is_done_already(
    context: PhaseContext,
    config: model.Config,
    wanted: model.Filesystem,
    block: Block,
    found: probe.ProbeResult,
) -> bool:
    """Whether an earlier run did what the config asks for, so that the system may be using it.

    Before this phase is repeated, the system may enable swap, or mount a partition by its type. Recreating
    swap loses nothing. A filesystem must be on a partition that was created for this config.
    """
    if not decisions.wants_filesystem(wanted) or decisions.first_difference(wanted, found):
        return False
    return wanted.format == "swap" or own_devices.is_own_device(context, config, block)


def _refuse_without_program(settings: Settings, wanted: model.Filesystem, origin: Origin) -> None:
    kind = wanted.format or ""
    if kind in ("", decisions.NONE):
        return
    if not decisions.is_known(kind):
        raise Refused("IGN2403", f"unsupported filesystem format {kind!r}", origin)
    name = decisions.mkfs_args(wanted, "")[0]
    require_program(settings, name, "IGN2404", f"{kind} cannot be created", origin)


def _do(task: Task, wanted: model.Filesystem, decision: Decision, alias: str) -> None:
    log, settings = task.log, task.context.settings
    if decision.act == decisions.KEEP:
        log.info(f'filesystem at "{alias}" is already correctly formatted. Skipping mkfs...')
        return
    if decision.act == decisions.SKIP:
        return
    wipefs = [settings.program("wipefs"), "-a", alias]
    block = devices.block(alias)
    # Looking saves a process for a new partition. The decision may be older than what is there now.
    changes = decision.stops_holders or not probe.is_blank(block.node)
    with holders.UdevLock([block] if changes else []):
        if decision.stops_holders:
            holders.stop(log, settings, block)
        if changes and not probe.is_blank(block.node):
            run(log, wipefs, what=f'wiping filesystem signatures from "{alias}"')
    if decision.act == decisions.WIPE:
        mkfs.clear_mark(wanted.device, os.path.realpath(alias))
        return
    mkfs.create(task, wanted, alias)
