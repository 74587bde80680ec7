# SPDX-License-Identifier: Apache-2.0
"""Filesystems and swap: made where nothing is, kept where the right thing is, else refused.

Rules: docs/behaviour/disks.md. What is wanted and what is found meet in `decisions`.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure, Refused
from ignition.engine.step import Step, Task
from ignition.system import devices, holders, mounts, probe, programs, usage
from ignition.system.run import run

from ..common import device_checks, own_devices
from ..common.deferral import is_open, names_of
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


def plan(config: model.Config, context: PhaseContext) -> Iterator[Step]:
    """One step per filesystem; those on devices that no earlier step touches are decided about here."""
    wanted = [
        (one, context.origin("storage", "filesystems", index))
        for index, one in enumerate(config.storage.filesystems)
        if one.format != decisions.VIRTIOFS
    ]
    if not wanted:
        return
    log = context.log.child("createFilesystems")
    later = {one.device for one, _ in wanted if is_open(context, config, one.device)}
    now = [(one.device, origin.at("device")) for one, origin in wanted if one.device not in later]
    if now:
        devices.wait_for_devices(log, context.settings, now, context.progress)
    for one, origin in wanted:
        if one.device in later:
            yield _deferred(config, one, origin)
            continue
        try:
            yield _decided(log, context, config, one, origin)
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

    names = names_of(wanted.device)
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

    names = names_of(wanted.device)
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
    """The decision by what the device holds now. Raises Refused."""
    settings = context.settings
    begun = mkfs.begun_for(device, origin)
    if mkfs.begun_by_this_config(context, begun):
        log.notice(
            f'an earlier run began a filesystem on "{device}" and did not finish it: it is made anew'
        )
        found, decision = probe.ProbeResult(), decisions.anew(wanted)
    else:
        with log.operation(f'determining filesystem type of "{device}"'):
            found = probe.probe(log, settings, device, origin)
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
    if decision.act == decisions.KEEP and mkfs.says_unfinished(device, found.kind, origin):
        log.notice(f'the xfs on "{device}" says of itself that it is not finished: it is made anew')
        decision = decisions.anew(wanted)
    if decision.act == decisions.KEEP and begun:
        raise Refused(
            "IGN2405",
            f"{wanted.device} holds {found}, which a run with another config began and did not finish",
            origin,
            hint=f"set wipeFilesystem to true to make it anew, or `wipefs --all {wanted.device}`",
        )
    if decision.act in (decisions.MAKE, decisions.WIPE):
        _refuse_unfit(wanted, origin)
        use = _use_of(wanted)
        block = devices.block(wanted.device)
        if use and devices.holders(block.sysfs):
            if own_devices.has(context, config, block):
                # What stands on it came up of what had lain there before.
                use = holders.find_user(block)
                decision.frees = not use
        elif use and _is_done_already(context, config, wanted, found):
            log.warning(
                f"{wanted.device} holds what the config wants and is in use ({use}): it is kept"
            )
            return Decision(decisions.KEEP)
        if use:
            raise Refused(
                "IGN2402",
                f"refusing to overwrite {wanted.device}: {use}",
                origin,
                hint="stop what uses it, or leave out wipeFilesystem if what it holds is what you want",
            )
        _refuse_without_program(settings, wanted, origin)
        if found.table and not found.kind:
            log.warning(f"{wanted.device} holds {found}, which is overwritten")
    return decision


def _refuse_unfit(wanted: model.Filesystem, origin: Origin) -> None:
    place = origin.at("device")
    block = device_checks.block_of(wanted.device, place)
    device_checks.refuse_empty(block, wanted.device, place)
    device_checks.refuse_read_only(block, wanted.device, place)


def _use_of(wanted: model.Filesystem) -> str:
    """Who uses the device or a part of it, in words, or ""."""
    return usage.find_users(
        devices.block(wanted.device), mounts.read_mounts(), mounts.read_swaps()
    ).reason


def _is_done_already(
    context: PhaseContext, config: model.Config, wanted: model.Filesystem, found: probe.ProbeResult
) -> bool:
    """Whether an earlier run did what the config asks for, so that what the system does with it is no reason
    to refuse: it may switch swap on, and mount by the type of a partition, before this phase is repeated.

    Swap holds nothing that making it anew would take away. A filesystem must lie on a partition that was made
    for this config.
    """
    if not decisions.makes(wanted) or decisions.difference(wanted, found):
        return False
    return wanted.format == "swap" or own_devices.has(context, config, devices.block(wanted.device))


def _refuse_without_program(settings: Settings, wanted: model.Filesystem, origin: Origin) -> None:
    kind = wanted.format or ""
    if kind in ("", decisions.NONE):
        return
    if not decisions.is_known(kind):
        raise Refused("IGN2403", f"unsupported filesystem format {kind!r}", origin)
    program = settings.program(decisions.command(wanted, "")[0])
    if not programs.is_installed(program):
        raise Refused(
            "IGN2404",
            f"{program} is missing, so no {kind} can be made",
            origin,
            hint=f"the initramfs needs {program} on PATH",
        )


def _do(task: Task, wanted: model.Filesystem, decision: Decision, alias: str) -> None:
    log, settings = task.log, task.context.settings
    if decision.act == decisions.KEEP:
        log.info(f'filesystem at "{alias}" is already correctly formatted. Skipping mkfs...')
        return
    if decision.act == decisions.SKIP:
        return
    wipefs = [settings.program("wipefs"), "-a", alias]
    block = devices.block(alias)
    with holders.UdevLock([block] if decision.frees else []):
        if decision.frees:
            holders.stop(log, settings, block)
        run(log, wipefs, what=f'wiping filesystem signatures from "{alias}"')
    if decision.act == decisions.WIPE:
        mkfs.clear_mark(wanted.device, os.path.realpath(alias))
        return
    mkfs.make(task, wanted, alias)
