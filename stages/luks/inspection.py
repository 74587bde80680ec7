# SPDX-License-Identifier: Apache-2.0
"""What is on the device of a volume, what to do with it, and whether anything uses it."""

from __future__ import annotations

import os

from ignition.base.errors import Failure, Refused
from ignition.system import devices, holders, luks2, mounts, probe, usage

from ..common import device_checks, own_devices
from ..common.created import mapper_name
from ..common.journal import digest_of_config
from . import cryptsetup, decisions, keys
from .decisions import DEFER, KEEP, REFUSE, Decision, Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.engine.context import PhaseContext
    from ignition.system.devices import Block
    from ignition.system.luks2 import Header

    from .keys import Key

# What a header with its key slots takes by default. A smaller device is formatted, but cannot be opened.
_HEADER_SIZE = 16 << 20
_LUKS = "crypto_LUKS"
_SIZE_OPTIONS = ("--luks2-", "--offset", "-o", "--align")


def decide(
    log: Log,
    context: PhaseContext,
    config: model.Config,
    wanted: model.Luks,
    key: Key,
    origin: Origin,
    *,
    may_defer: bool = False,
) -> Decision:
    """The decision based on what is there now. Raises Refused, and changes nothing.

    DEFER, only with `may_defer`, if it takes the real root and a step of this phase changes or creates that.
    """
    device = wanted.device or ""
    place = origin.at("device")
    block = device_checks.find_block(device, place)
    _refuse_other_volume(wanted, block, origin)
    found = look(log, context, wanted, block, place)
    log.info(f'found {_describe(found)} at "{device}"')
    stored = None
    if decisions.needs_stored_key(wanted, found):
        from . import stored_key

        needs = stored_key.pending_root(context, config, wanted) if may_defer else ()
        if needs:
            return Decision(DEFER, needs=needs)
        stored = stored_key.find(log, context, config, wanted, origin)
    decision = decisions.reuse(wanted, found, stored)
    if decision.act == REFUSE:
        raise _refusal(log, wanted, found, decision, origin)
    if decision.act == KEEP:
        if found.mark == "" and decisions.has_own_key(wanted):
            cryptsetup.test_key(log, context.settings, wanted, key, origin)
        return decision
    device_checks.refuse_empty(block, device, place)
    device_checks.refuse_read_only(block, device, place)
    _refuse_small(wanted, block, place)
    _refuse_in_use(context, config, wanted, block, found, origin)
    if found.content.table and not found.content.kind:
        log.warning(f"{device} holds {found.content}, which will be overwritten")
    return decision


def look(
    log: Log, context: PhaseContext, wanted: model.Luks, block: Block, origin: Origin
) -> Found:
    """What is on the device. Failure IGN2004 if it cannot be read."""
    try:
        header = luks2.read(block.node)
    except OSError as error:
        text = f"{block.node} cannot be read: {error.strerror}"
        raise Failure("IGN2004", text, origin, cause=error) from error
    content = probe.ProbeResult()
    if header is None:
        content = probe.probe(log, context.settings, block.node, origin)
    # A power cut may tear the first header that luksFormat writes.
    marked = header or (luks2.read_damaged(block.node) if content.kind == _LUKS else None)
    mark = decisions.mark(marked, digest_of_config(context), wanted) if marked else ""
    mapping = open_mapping(block, wanted.name, header)
    is_held = keys.held(context.settings, wanted.name) is not None
    return Found(header, content, mark, mapping is not None, is_held)


def open_mapping(block: Block, name: str, header: Header | None) -> Block | None:
    """The open volume of this name on a device, None if it is not open with this header."""
    uuid = header.uuid.replace("-", "") if header else ""
    for holder in devices.holders(block.sysfs):
        mapping = devices.block_from_sysfs(os.path.realpath(f"/sys/class/block/{holder}"))
        if (
            mapping is not None
            and devices.mapper_name(mapping) == mapper_name(name)
            and devices.read_sysfs(f"{mapping.sysfs}/dm/uuid").startswith(f"CRYPT-LUKS2-{uuid}-")
        ):
            return mapping
    return None


def _refuse_other_volume(wanted: model.Luks, block: Block, origin: Origin) -> None:
    """Refused IGN2303 if a device of this name is built on something else."""
    mapped = f"/dev/mapper/{mapper_name(wanted.name)}"
    if not devices.is_block(mapped):
        return
    below = os.path.join(devices.block(mapped).sysfs, "slaves")
    if os.listdir(below) != [block.name]:
        raise Refused(
            "IGN2303",
            f"volume {wanted.name} cannot be opened: {mapped} is there already, on another device",
            origin.at("name"),
            hint=f"close it (`cryptsetup close {wanted.name}`), or choose another name",
        )


def _refuse_small(wanted: model.Luks, block: Block, origin: Origin) -> None:
    if devices.size_in_bytes(block) > _HEADER_SIZE:
        return
    if any(option.startswith(_SIZE_OPTIONS) for option in wanted.options):
        return
    raise Refused(
        "IGN2302",
        f"volume {wanted.name} does not fit on {wanted.device}: its header alone takes 16 MiB",
        origin,
        hint="use a larger device, or options such as --luks2-keyslots-size",
    )


def _refuse_in_use(
    context: PhaseContext,
    config: model.Config,
    wanted: model.Luks,
    block: Block,
    found: Found,
    origin: Origin,
) -> None:
    """Refused IGN2303 unless the device is free, or only idle devices of an earlier run are on top of it."""
    reason = usage.find_users(block, mounts.read_mounts(), mounts.read_swaps()).reason
    if not reason:
        return
    if devices.holders(block.sysfs) and (
        found.mark or own_devices.is_own_device(context, config, block)
    ):
        reason = holders.find_user(block)
    if reason:
        raise Refused(
            "IGN2303",
            f"refusing to overwrite {wanted.device}: {reason}",
            origin.at("device"),
            hint="stop what uses it (`cryptsetup close` for an open volume)",
        )


def _refusal(
    log: Log, wanted: model.Luks, found: Found, decision: Decision, origin: Origin
) -> Refused:
    log.error(
        f'volume wipe was not requested and luks device "{wanted.device}" could not be reused: '
        f"{decision.why}"
    )
    hint = "set wipeVolume to true to replace it"
    if decision.half_made:
        return Refused(
            "IGN2310",
            f"volume {wanted.name} on {wanted.device} was left unfinished by a run with another config, "
            f"and cannot be reused: {decision.why}",
            origin,
            hint=f"{hint}; nothing can be in it",
        )
    if found.header is not None and not decisions.has_own_key(wanted):
        hint += ", or give its key in keyFile to keep it"
    return Refused(
        "IGN2302",
        f"volume {wanted.name} on {wanted.device} cannot be reused: {decision.why}",
        origin,
        hint=hint,
    )


def _describe(found: Found) -> str:
    if found.header is None:
        return str(found.content)
    label = f" labelled {found.header.label!r}" if found.header.label else ""
    state = f", {found.mark} by an earlier run" if found.mark else ""
    return f"LUKS{found.header.version}{label} with UUID {found.header.uuid}{state}"
