# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes: created on empty devices, kept if they match, otherwise refused.

All keys are in memory, and everything is decided as far as possible, before any step of the phase changes a
byte. Volumes are made one after the other on purpose: cryptsetup measures the machine to choose the cost of
the key derivation, which takes up to 1 GiB of memory. Rules: docs/behaviour/disks.md, docs/resume.md.
"""

from __future__ import annotations

import os

from ignition.base.errors import CommandFailed, Failure, Refused
from ignition.engine.step import Step, Task
from ignition.system import devices, holders, luks2
from ignition.system.run import run

from ..common.created import mapper_name, volume_names
from ..common.deferral import must_defer, resource_keys
from ..common.journal import digest_of_config
from ..common.requirements import require_program
from . import cryptsetup, decisions, inspection, keys
from .decisions import DEFER, FORMAT, KEEP, Decision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.engine.context import PhaseContext

    from .keys import Key

KEY_DERIVATION = "luks:key-derivation"
_LONGEST_NAME = 127
# The UUID of the open volume has the name in it, and cryptsetup shortens only one without unsafe bytes.
_LONGEST_UNSAFE_NAME = 83


def plan(config: model.Config, context: PhaseContext) -> Iterator[Step]:
    """One step per volume. Fetches or generates all keys, and decides about devices that no earlier step
    changes."""
    wanted = [
        (entry, context.origin("storage", "luks", index))
        for index, entry in enumerate(config.storage.luks)
    ]
    if not wanted:
        return
    consequence = "volumes cannot be encrypted"
    require_program(context.settings, "cryptsetup", "IGN2301", consequence, wanted[0][1])
    log = context.log.child("createLuks")
    _refuse_impossible(wanted, context)
    key_of = keys.collect(config, context)
    late: list[Step] = []
    for entry, origin in wanted:
        try:
            decision = _plan_one(log, context, config, entry, key_of, origin)
        except Failure as failure:
            failure.add_origin(origin)
            context.refuse(failure)
            decision = None
        # A refused volume has a step too, so that a circle of devices is reported in the same run.
        step = _step(config, entry, origin, key_of.get(entry.name), decision)
        if decision is not None and decision.act == DEFER:
            late.append(step)  # another volume may have the real root
        else:
            yield step
    yield from late


def _refuse_impossible(volumes: list[tuple[model.Luks, Origin]], context: PhaseContext) -> None:
    """Refuses a device of two volumes (IGN2303), and a name or a UUID that cannot be one (IGN2302)."""
    taken: dict[str, str] = {}
    for wanted, origin in volumes:
        first = taken.setdefault(os.path.realpath(wanted.device or ""), wanted.name)
        if first != wanted.name:
            text = f"volume {wanted.name} cannot use {wanted.device}: it belongs to volume {first}"
            context.refuse(Refused("IGN2303", text, origin.at("device")))
        mapped = mapper_name(wanted.name)
        if len(mapped) > (_LONGEST_NAME if mapped == wanted.name else _LONGEST_UNSAFE_NAME):
            text = f"volume {wanted.name} cannot be opened: its name is too long for device-mapper"
            hint = "127 letters, digits and #+-.:=@_ are allowed, with other characters fewer"
            context.refuse(Refused("IGN2302", text, origin.at("name"), hint=hint))
        if wanted.uuid and not decisions.is_uuid(wanted.uuid):
            text = f"volume {wanted.name} cannot have the UUID {wanted.uuid!r}: it is not one"
            hint = "a UUID looks like d2a1c0de-5a3e-4c5f-9a51-0f6a1c0ffee1"
            context.refuse(Refused("IGN2302", text, origin.at("uuid"), hint=hint))


def _plan_one(
    log: Log,
    context: PhaseContext,
    config: model.Config,
    wanted: model.Luks,
    key_of: dict[str, Key],
    origin: Origin,
) -> Decision | None:
    """The decision about a volume, None if it is deferred. Raises Failure."""
    if decisions.has_clevis(wanted):
        from . import clevis

        clevis.require_programs(context, wanted, origin)
    if wanted.cex.enabled:
        from . import cex

        cex.require_card(context, wanted, origin)
    decision = None
    device = wanted.device or ""
    if not must_defer(context, config, device):
        place = [(device, origin.at("device"))]
        devices.wait_for_devices(log, context.settings, place, context.progress)
        if wanted.name in key_of:
            key = key_of[wanted.name]
            decision = inspection.decide(log, context, config, wanted, key, origin, may_defer=True)
    makes = decision is None or decision.act not in (DEFER, KEEP)
    # A phase that is refused anyway need not wait for servers.
    if makes and decisions.has_clevis(wanted) and not context.refusals:
        from . import clevis

        clevis.await_servers(context, wanted, origin)
        clevis.rehearse(context, wanted, origin)
    return decision


def _step(
    config: model.Config,
    wanted: model.Luks,
    origin: Origin,
    key: Key | None,
    planned: Decision | None,
) -> Step:
    device = wanted.device or ""
    more: tuple[str, ...] = ()
    if planned is not None and planned.act == DEFER:
        more, planned = planned.needs, None

    def do(task: Task) -> None:
        log, context = task.log, task.context
        decision = planned
        if key is None:
            raise ValueError(f"volume {wanted.name} was refused, so it has no key")
        place = [(device, origin.at("device"))]
        try:
            devices.wait_for_devices(log, context.settings, place, task.progress)
            alias = devices.make_alias(log, context.settings, device)
            # udev may have opened or assembled something since planning.
            if decision is None:
                decision = inspection.decide(log, context, config, wanted, key, origin)
            _apply(task, wanted, alias, key, decision, origin)
        finally:
            key.close()
            if decision is not None and decision.key is not None:
                decision.key.close()

    # Whoever changes the real root after that step must wait until the key is read.
    names = (*resource_keys(device), *more)
    made = volume_names(wanted)
    act = planned.act if planned else KEEP if more else FORMAT
    return Step(
        f"{act} encrypted volume {wanted.name} on {device}",
        origin,
        do,
        needs=(*names, KEY_DERIVATION),
        provides=(*made, *names, KEY_DERIVATION),
        creates=made,
        deferred=planned is None,
    )


def _apply(
    task: Task, wanted: model.Luks, alias: str, key: Key, decision: Decision, origin: Origin
) -> None:
    if decision.act == KEEP and _keep(task, wanted, alias, key, decision.key, origin):
        task.log.info(
            f'volume "{wanted.name}" is already correctly formatted. Skipping luksFormat...'
        )
        return
    _prepare(task, wanted, alias, wipes=decision.act != FORMAT or bool(wanted.wipe_volume))
    _create(task, wanted, alias, key, origin)
    devices.trigger_udev(task.log, task.context.settings, [os.path.realpath(alias)])


def _keep(
    task: Task, wanted: model.Luks, alias: str, key: Key, stored: Key | None, origin: Origin
) -> bool:
    """Opens a volume that is there. `stored` is its key from the real root, if that was needed.

    False if it must be made anew after all: a run of this boot held its key, but was interrupted before it
    used it.
    """
    settings = task.context.settings
    found = inspection.look(
        task.log, task.context, wanted, devices.block(alias), origin.at("device")
    )
    if decisions.has_clevis(wanted):
        if not found.is_open:
            from . import clevis

            clevis.unlock(task, wanted, alias, origin)
        return True
    is_known = stored is not None or decisions.has_own_key(wanted)
    key = stored or key
    if found.is_open:
        if is_known:
            cryptsetup.test_key(task.log, settings, wanted, key, origin)
    elif not _open_with(task, wanted, alias, key, found, origin):
        return False
    if is_known:
        keys.hold(settings, wanted.name, key)
    if found.mark == decisions.READY:
        cryptsetup.mark_volume(task, wanted.name, alias, decisions.READY)
    return True


def _open_with(
    task: Task,
    wanted: model.Luks,
    alias: str,
    key: Key,
    found: decisions.Found,
    origin: Origin,
) -> bool:
    """Opens a volume with the key of the config, or the one held for it."""
    stores_flags = found.header is None or not decisions.keeps_flags(wanted, found.header)
    held = None
    if not decisions.has_own_key(wanted) and not wanted.cex.enabled:
        held = keys.held(task.context.settings, wanted.name)
    used = keys.new_key(held, generated=True) if held is not None else key
    try:
        if found.mark == decisions.BEGUN:
            _mark_begun(task, wanted, alias)
        cryptsetup.open_volume(task, wanted, alias, used, origin, stores_flags=stores_flags)
    except CommandFailed as failure:
        if failure.code != "IGN2305" or found.mark != decisions.BEGUN:
            raise
        return False
    finally:
        if held is not None:
            used.close()
    return True


def _prepare(task: Task, wanted: model.Luks, alias: str, *, wipes: bool) -> None:
    """Stops idle devices on top of the device, and wipes it."""
    log, settings = task.log, task.context.settings
    block = devices.block(alias)
    held = bool(devices.holders(block.sysfs))
    with holders.UdevLock([block] if held or wipes else []):
        if held:
            holders.stop(log, settings, block)
        if wipes:
            args = [settings.program("wipefs"), "-a", alias]
            run(log, args, what=f'wiping old signatures from "{alias}"')


def _create(task: Task, wanted: model.Luks, alias: str, key: Key, origin: Origin) -> None:
    """Formats and opens the volume. The header always tells how far this came."""
    settings, digest = task.context.settings, digest_of_config(task.context)
    has_clevis = decisions.has_clevis(wanted)
    if not has_clevis:
        keys.hold(settings, wanted.name, key)
    task.progress("formatting; the key derivation takes its time")
    _format(task, wanted, alias, key, digest)
    task.progress("opening")
    cryptsetup.open_volume(task, wanted, alias, key, origin)
    if has_clevis:
        _bind(task, wanted, alias, key, origin)
    if not decisions.is_ready_late(wanted):
        cryptsetup.mark_volume(task, wanted.name, alias, decisions.READY)


def _format(task: Task, wanted: model.Luks, alias: str, key: Key, digest: str) -> None:
    extra: tuple[str, ...] = ()
    if wanted.cex.enabled:
        from . import cex

        extra = cex.before_format(task, wanted)
    # An own UUID first: it marks the volume until the token is there.
    uuid = decisions.new_uuid(digest, wanted) or decisions.final_uuid(wanted)
    cryptsetup.format_volume(task, wanted, alias, key, uuid, extra)
    _mark_begun(task, wanted, alias)
    if wanted.cex.enabled:
        cex.after_format(task, wanted, alias)


def _mark_begun(task: Task, wanted: model.Luks, alias: str) -> None:
    """Writes our token, and only then the UUID of the config over our own one."""
    cryptsetup.mark_volume(task, wanted.name, alias, decisions.BEGUN)
    header = luks2.read(alias)
    uuid = decisions.final_uuid(wanted)
    if header is not None and uuid and header.uuid != uuid.lower():
        cryptsetup.set_uuid(task, alias, uuid)


def _bind(task: Task, wanted: model.Luks, alias: str, key: Key, origin: Origin) -> None:
    from . import clevis

    task.progress("binding to Clevis")
    clevis.bind(task, wanted, alias, key, origin)
    if clevis.can_test(wanted):
        cryptsetup.close_volume(task, wanted.name)
        clevis.unlock(task, wanted, alias, origin)
    if key.generated:
        cryptsetup.remove_key(task, alias, key)
