# SPDX-License-Identifier: Apache-2.0
"""Software RAID: each array of the config made by mdadm, or kept where exactly it is running already.

Rules: reference engine-disks 3. The spec has no member that allows or forbids overwriting: what members hold
is overwritten, unless they are in use.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure, Refused
from ignition.base.record import record
from ignition.config import limits
from ignition.engine.step import Step, Task
from ignition.system import arrays, devices, mounts, programs, usage
from ignition.system.run import run

from . import device_checks
from .disk_order import is_open, names_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.config import model
    from ignition.engine.machine import Machine
    from ignition.system.arrays import Array

KEEP = "keep"
CREATE = "create"
REFUSE = "refuse"


@record
class Decision:
    """What becomes of an array, and why if it is refused."""

    act: str
    why: str = ""


def plan(config: model.Config, machine: Machine) -> Iterator[Step]:
    """One step per array; what members are there and untouched by earlier steps is judged here."""
    arrays_wanted = [
        (one, machine.origin("storage", "raid", index))
        for index, one in enumerate(config.storage.raid)
    ]
    if not arrays_wanted:
        return
    mdadm = machine.settings.program("mdadm")
    if not programs.is_there(mdadm):
        raise Refused(
            "IGN2203",
            f"{mdadm} is missing, so no array can be made",
            arrays_wanted[0][1],
            hint=f"the initramfs needs {mdadm} on PATH",
        )
    log = machine.log.child("createRaids")
    _refuse_impossible(arrays_wanted, machine)
    for wanted, origin in arrays_wanted:
        deferred = any(is_open(machine, config, device) for device in wanted.devices)
        decision = None
        if not deferred:
            devices.wait(log, machine.settings, _named(wanted, origin), machine.progress)
            try:
                decision = _decide(wanted, origin)
            except Failure as failure:
                machine.refuse(failure)
                continue
        yield _step(wanted, origin, decision)


def _refuse_impossible(arrays_wanted: list[tuple[model.Raid, Origin]], machine: Machine) -> None:
    """Refuses what the config alone forbids: IGN2115 for counts, IGN2202 for a device of two arrays."""
    taken: dict[str, str] = {}
    for wanted, origin in arrays_wanted:
        for member, text in limits.of_array(wanted.raw):
            text = f"array {wanted.name} cannot be made: {text}"
            machine.refuse(Refused("IGN2115", text, origin.at(member)))
        for index, device in enumerate(wanted.devices):
            first = taken.setdefault(os.path.realpath(device), wanted.name)
            if first != wanted.name:
                text = f"array {wanted.name} cannot take {device}: array {first} is made of it"
                machine.refuse(Refused("IGN2202", text, origin.at("devices", index)))


def path_of(wanted: model.Raid) -> str:
    """The node under which an array appears."""
    return wanted.name if wanted.name.startswith("/dev") else f"/dev/md/{wanted.name}"


def _named(wanted: model.Raid, origin: Origin) -> list[tuple[str, Origin]]:
    return [(device, origin.at("devices", i)) for i, device in enumerate(wanted.devices)]


def _step(wanted: model.Raid, origin: Origin, decision: Decision | None) -> Step:
    def do(task: Task) -> None:
        settings = task.machine.settings
        devices.wait(task.log, settings, _named(wanted, origin), task.progress)
        aliases = [devices.make_alias(task.log, settings, device) for device in wanted.devices]
        if (decision or _decide(wanted, origin)).act == KEEP:
            task.log.info(f'array "{wanted.name}" is running as wanted')
            return
        _create(task, wanted, origin, aliases)

    members = tuple(name for device in wanted.devices for name in names_of(device))
    keeps = decision is not None and decision.act == KEEP
    return Step(
        f"{'keep' if keeps else 'create'} array {wanted.name} of {len(wanted.devices)} devices",
        origin,
        do,
        needs=members,
        # What an array is made of is changed too: two arrays must not take the same device at once.
        provides=() if keeps else (path_of(wanted), *members),
        deferred=decision is None,
    )


def _decide(wanted: model.Raid, origin: Origin) -> Decision:
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
    belongs = [arrays.of_member(block) for block in blocks]
    decision = reuse(
        wanted,
        frozenset(block.number for block in blocks),
        belongs,
        os.path.realpath(path_of(wanted)),
    )
    if decision.act == REFUSE:
        raise Refused(
            "IGN2201",
            f"array {wanted.name} cannot be made: {decision.why}",
            origin,
            hint="stop that array (mdadm --stop) and clear its members (mdadm --zero-superblock)",
        )
    if decision.act == CREATE:
        mounted, swaps = mounts.mounted(), mounts.swaps()
        for index, block in enumerate(blocks):
            place, device = origin.at("devices", index), wanted.devices[index]
            device_checks.refuse_empty(block, device, place)
            device_checks.refuse_read_only(block, device, place)
            used = usage.of_disk(block, mounted, swaps)
            if used.reason:
                raise Refused(
                    "IGN2202",
                    f"array {wanted.name} cannot take {device}: {used.reason}",
                    place,
                    hint="stop what uses it",
                )
    return decision


def reuse(
    wanted: model.Raid, members: frozenset[int], belongs: list[Array | None], node: str
) -> Decision:
    """Keep, create or refuse, by the arrays that the members belong to; `node` is what the name leads to.

    The original always creates, and fails where a member is running in an array.
    """
    running = next((array for array in belongs if array is not None), None)
    if running is None:
        return Decision(CREATE)
    if running.members != members:
        return Decision(
            REFUSE, f"{running.node} runs on other devices than these, but on some of them"
        )
    if running.level != arrays.level_of(wanted.level or ""):
        return Decision(REFUSE, f"{running.node} runs on these devices with level {running.level}")
    if running.active != len(members) - (wanted.spares or 0):
        return Decision(REFUSE, f"{running.node} runs with {running.active} devices besides spares")
    if running.node != node:
        return Decision(REFUSE, f"{running.node} runs on these devices under another name")
    return Decision(KEEP)


def _create(task: Task, wanted: model.Raid, origin: Origin, aliases: list[str]) -> None:
    settings = task.machine.settings
    path = path_of(wanted)
    run(
        task.log,
        command(settings, wanted, aliases),
        what=f'creating "{wanted.name}" of {len(aliases)} devices',
    )
    devices.wait(task.log, settings, [(path, origin.at("name"))], task.progress)


def command(settings: Settings, wanted: model.Raid, aliases: list[str]) -> list[str]:
    """The call of mdadm. The first devices carry data, the last are spares."""
    spares = wanted.spares or 0
    return [
        settings.program("mdadm"),
        *("--create", wanted.name, "--force", "--run", "--homehost", "any"),
        *("--level", wanted.level or "", "--raid-devices", str(len(aliases) - spares)),
        *(("--spare-devices", str(spares)) if spares > 0 else ()),
        *wanted.options,
        *aliases,
    ]
