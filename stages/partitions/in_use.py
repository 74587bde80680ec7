# SPDX-License-Identifier: Apache-2.0
"""Refuses to change disks and partitions that are in use."""

from __future__ import annotations

from ignition.base.errors import Refused

from . import decisions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.system.gpt import Table
    from ignition.system.usage import Usage

    from .decisions import Decision


def refuse_disk_in_use(device: str, origin: Origin, used: Usage, *, wipes: bool) -> None:
    """Refuses to change a disk that is in use itself, and to wipe one with any part in use."""
    if used.disk:
        raise Refused(
            "IGN2105",
            f"refusing to operate on directly active disk {device}: {used.disk}",
            origin,
            hint="stop what uses it, or leave this disk out of the config",
        )
    if wipes and used.reason:
        raise Refused(
            "IGN2106",
            f"refusing to wipe active disk {device}: {used.reason}",
            origin,
            hint="leave out wipeTable, or stop what uses the disk",
        )


def refuse_partitions_in_use(
    log: Log, device: str, origin: Origin, used: Usage, decided: list[Decision], before: Table
) -> None:
    """Refuses to change partitions in use, except where Ignition does it and no data is lost."""
    for decision in decided:
        number = decision.wanted.number
        if decision.act not in decisions.CHANGES:
            continue
        reason = used.partitions.get(number) or used.tolerated.get(number)
        if not reason:
            continue
        if number in used.tolerated and not _takes_sectors(decision, before):
            log.warning(f"partition {number} of {device} is changed though {reason}")
            continue
        raise Refused(
            "IGN2107",
            f"refusing to modify active partition {number} of {device}: {reason}",
            origin.at("partitions", decision.wanted.index),
            hint=f"the config asks to {decision.act} it"
            + (f": {decision.why}" if decision.why else ""),
        )


def _takes_sectors(decision: Decision, before: Table) -> bool:
    """Whether the partition loses any of its current sectors."""
    found = before.partition(decision.wanted.number)
    if decision.act == decisions.DELETE or found is None:
        return True
    assert decision.wanted.size is not None
    return decision.wanted.start != found.start or decision.wanted.size < found.size
