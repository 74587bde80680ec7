# SPDX-License-Identifier: Apache-2.0
"""The errors and warnings about partitions that cannot be had as the config wants them."""

from __future__ import annotations

from ignition.base.errors import Failure, Refused, combine
from ignition.config import limits
from ignition.system.placement import format_mib

from ..common.created import volume_names
from ..common.deferral import resource_keys
from . import decisions
from .decisions import Decision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.system.gpt import Table
    from ignition.system.partitioning import Disk

    OriginOf = Callable[[int], Origin]


def does_not_fit(
    config: model.Disk, disk: Disk, base: Table, problem: decisions.DoesNotFit, origin: Origin
) -> Refused:
    first, last = (
        f"{sector} ({format_mib(sector, disk.sector_size)})"
        for sector in (base.first_usable, base.last_usable)
    )
    return Refused(
        "IGN2103",
        f"a partition does not fit on {config.device}: {problem}",
        origin,
        hint=f"partitions may use sectors {first} to {last} of this disk; "
        "partitions that are not in the config stay where they are",
    )


def invalid_table(config: model.Disk, fault: str, origin: Origin) -> Refused:
    return Refused(
        "IGN2101",
        f"the partition table of {config.device} is invalid: {fault}",
        origin,
        hint="nothing was written; repair the table (`sgdisk --verify` shows more), "
        "or set wipeTable to true to replace it",
    )


def refuse_impossible(config: model.Disk, origin: OriginOf) -> None:
    failures: list[Failure] = [
        Refused("IGN2111", f"{config.device}: {text}", origin(index).at(member))
        for index, entry in enumerate(config.partitions)
        for member, text in limits.partition_problems(entry.raw)
    ]
    _raise(failures)


def _raise(failures: list[Failure]) -> None:
    if failures:
        raise combine(failures)


def refuse_mismatches(config: model.Disk, decided: list[Decision], origin: OriginOf) -> None:
    failures: list[Failure] = [
        Refused(
            "IGN2104",
            f"{config.device}: {decision.why}",
            origin(decision.wanted.index),
            hint=decision.hint,
        )
        for decision in decided
        if decision.act == decisions.REFUSE
    ]
    _raise(failures)


def warn_of_replaced(log: Log, config: model.Disk, decided: list[Decision]) -> None:
    """Warns of partitions replaced although the deleting entry does not allow it, as in Ignition."""
    kept = {
        entry.number
        for entry in config.partitions
        if entry.should_exist is False and not entry.wipe_partition_entry
    }
    for decision in decided:
        if (
            decision.act == decisions.RECREATE
            and decision.wanted.auto_number
            and decision.wanted.number in kept
        ):
            log.warning(
                f"partition {decision.wanted.number} of {config.device} is replaced by an entry without a "
                "number; the entry that deletes it lacks wipePartitionEntry"
            )


def refuse_volume(config: model.Config, entry: model.Disk, origin: Origin) -> None:
    """Refused IGN2119 for a disk that is an encrypted volume of the config: neither the kernel nor udev maps
    partitions of one, so they would never appear."""
    keys = resource_keys(entry.device)
    for volume in config.storage.luks:
        if not set(keys).isdisjoint(volume_names(volume)):
            raise Refused(
                "IGN2119",
                f"{entry.device} cannot be partitioned: it is the encrypted volume {volume.name}",
                origin.at("device"),
                hint=f"partition the disk below it, and encrypt the partitions; or use {entry.device} as a "
                "whole, with one filesystem",
            )
