# SPDX-License-Identifier: Apache-2.0
"""What happens to each partition of a disk: pure functions of the config's entries and the existing table.

The rules are Ignition's: docs/behaviour/disks.md. Sectors are logical.
"""

from __future__ import annotations

from ignition.base.record import record
from ignition.system.gpt import LINUX_DATA, Partition
from ignition.system.placement import MIB, NoSpace, format_mib, format_sectors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.config import model
    from ignition.system.gpt import Table
    from ignition.system.placement import Layout

KEEP = "keep"
ABSENT = "absent"
CREATE = "create"
DELETE = "delete"
RESIZE = "resize"
RECREATE = "recreate"
REFUSE = "refuse"

CHANGES = (CREATE, DELETE, RESIZE, RECREATE)


@record
class Wanted:
    """An entry of the config at position `index`. `start` and `size` are in sectors, None if unset.

    `auto_number`: the config leaves the number open. `may_replace` is `wipePartitionEntry`. `new_guid` is the
    GUID of a partition created for this entry.
    """

    index: int
    number: int
    start: int | None = None
    size: int | None = None
    label: str | None = None
    guid: str = ""
    type_guid: str = ""
    exists: bool = True
    may_replace: bool = False
    may_resize: bool = False
    auto_number: bool = False
    new_guid: str = ""
    sector_size: int = 512

    __hash__ = None  # type: ignore[assignment]


@record
class Decision:
    """What to do about one entry, and the reason as a sentence."""

    wanted: Wanted
    act: str
    why: str = ""
    hint: str = ""


class DoesNotFit(Exception):
    """An entry does not fit where the config wants it. `index` is its position in the config."""

    def __init__(self, index: int, text: str) -> None:
        super().__init__(text)
        self.index = index


def parse_entries(
    disk: model.Disk, sector_size: int, new_guid: Callable[[int], str]
) -> list[Wanted]:
    """The entries of a disk in processing order: those without a number come last.

    `new_guid` returns a GUID for the entry at that index if the config does not set one.
    """
    found = []
    for index, entry in enumerate(disk.partitions):
        found.append(
            Wanted(
                index,
                entry.number,
                None if entry.start_mib is None else entry.start_mib * (MIB // sector_size),
                None if entry.size_mib is None else entry.size_mib * (MIB // sector_size),
                entry.label,
                (entry.guid or "").upper(),
                (entry.type_guid or "").upper(),
                entry.should_exist is not False,
                bool(entry.wipe_partition_entry),
                bool(entry.resize),
                not entry.number,
                (entry.guid or "").upper() or new_guid(index),
                sector_size,
            )
        )
    return sorted(found, key=lambda wanted: wanted.auto_number)


def resolve(
    entries: list[Wanted],
    table: Table,
    layout: Layout,
    is_ours: Callable[[str, int], bool],
) -> None:
    """Sets numbers, starts and sizes that the config leaves open, as `sgdisk --pretend` would.

    `is_ours` tells whether an earlier run created the partition with that GUID for the entry at that index.

    All listed partitions are removed from the layout, then the wanted ones are added in order; unlisted
    partitions are obstacles. Raises DoesNotFit.
    """
    existing = [entry.index for entry in entries if entry.exists]
    if len(existing) > layout.capacity:
        text = f"{len(existing)} partitions are requested, but the table only has {layout.capacity} entries"
        raise DoesNotFit(sorted(existing)[layout.capacity], text)
    _assign_numbers(entries, table, is_ours)
    for number in dict.fromkeys(entry.number for entry in entries):
        if table.partition(number) is not None:
            layout.remove(number)
    for entry in entries:
        if not entry.exists:
            continue
        found = None if entry.may_replace else table.partition(entry.number)
        start = entry.start if entry.start is not None else (found.start if found else 0)
        size = entry.size if entry.size is not None else (found.size if found else 0)
        try:
            placed = layout.add(entry.number, start, size)
        except NoSpace as error:
            raise DoesNotFit(entry.index, str(error)) from error
        explicit = entry.start and entry.size
        entry.start, entry.size = (start, size) if explicit else placed


def _assign_numbers(
    entries: list[Wanted], table: Table, is_ours: Callable[[str, int], bool]
) -> None:
    """Numbers the entries without a number: the partition created for the entry, else the lowest free number.

    A number that the config deletes is free. Ignition does not look for its own partitions, so each run
    creates another one.
    """
    listed = {entry.number for entry in entries if entry.number}
    for entry in entries:
        if not entry.number:
            entry.number = next(
                (
                    found.number
                    for found in table.partitions
                    if found.number not in listed
                    and (
                        found.guid == entry.guid if entry.guid else is_ours(found.guid, entry.index)
                    )
                ),
                0,
            )
    used = {entry.number for entry in table.partitions}
    for entry in entries:
        if entry.number:
            (used.add if entry.exists else used.discard)(entry.number)
    number = 1
    for entry in entries:
        if not entry.number:
            while number in used:
                number += 1
            used.add(number)
            entry.number = number


def first_difference(wanted: Wanted, found: Partition, *, with_size: bool = True) -> str:
    """The first difference between a partition and its resolved entry, "" if there is none."""
    if wanted.start is not None and wanted.start != found.start:
        return (
            f"it starts at sector {found.start} ({format_mib(found.start, wanted.sector_size)}), "
            f"not {wanted.start} ({format_mib(wanted.start, wanted.sector_size)})"
        )
    if wanted.guid and wanted.guid != found.guid:
        return f"its GUID is {found.guid}, not {wanted.guid}"
    if wanted.type_guid and wanted.type_guid != found.type_guid:
        return f"its type is {found.type_guid}, not {wanted.type_guid}"
    if wanted.label is not None and wanted.label != found.name:
        return f"its label is {found.name!r}, not {wanted.label!r}"
    if with_size and wanted.size is not None and wanted.size != found.size:
        actual = format_sectors(found.size, wanted.sector_size)
        return f"it has {actual}, not {format_sectors(wanted.size, wanted.sector_size)}"
    return ""


def _hint(wanted: Wanted, found: Partition, *, only_size: bool) -> str:
    """What to change in the config if a partition does not match."""
    hint = "set wipePartitionEntry to true to replace it"
    if only_size:
        hint += ", or resize to true to change its size and keep its contents"
    members = [
        name
        for name, value, actual in (
            ("startMiB", wanted.start, found.start),
            ("sizeMiB", wanted.size, found.size),
        )
        if value != actual
    ]
    if members:
        hint += f"; leaving out {' and '.join(members)} keeps the current value"
    return hint


def decide(
    wanted: Wanted, found: Partition | None, *, deleted_by_another: bool = False
) -> Decision:
    """The decision about one resolved entry.

    `deleted_by_another`: an entry with `shouldExist: false` and `wipePartitionEntry: true` has the number
    that was assigned to this entry. Ignition ignores that permission; here it counts.
    """
    name = f"partition {wanted.number}"
    if found is None:
        if wanted.exists:
            return Decision(wanted, CREATE)
        return Decision(wanted, ABSENT, f"{name} does not exist, as wanted")
    if not wanted.exists:
        if wanted.may_replace:
            return Decision(wanted, DELETE)
        return Decision(
            wanted,
            REFUSE,
            f"{name} exists, but shouldExist is false",
            "set wipePartitionEntry to true to delete it",
        )
    why = first_difference(wanted, found)
    if not why:
        return Decision(wanted, KEEP, f"{name} found with correct specifications")
    if wanted.may_replace or (wanted.auto_number and deleted_by_another):
        return Decision(wanted, RECREATE, why)
    only_size = not first_difference(wanted, found, with_size=False)
    if wanted.may_resize and only_size:
        return Decision(wanted, RESIZE, why)
    hint = _hint(wanted, found, only_size=only_size)
    return Decision(wanted, REFUSE, f"{name} didn't match: {why}", hint)


def decide_all(entries: list[Wanted], table: Table) -> list[Decision]:
    """The decisions about all resolved entries of a disk, in processing order.

    A deletion is dropped if another entry has taken over the number.
    """
    taken = {entry.number for entry in entries if entry.exists}
    deleting = {entry.number for entry in entries if not entry.exists and entry.may_replace}
    return [
        decide(entry, table.partition(entry.number), deleted_by_another=entry.number in deleting)
        for entry in entries
        if entry.exists or entry.number not in taken
    ]


def new_partition(decision: Decision, found: Partition | None) -> Partition:
    """The table entry for a decision to create, recreate or resize.

    A resized partition keeps everything but its size, including the attribute bits, which Ignition loses. A
    recreated one keeps nothing.
    """
    wanted = decision.wanted
    assert wanted.start is not None and wanted.size is not None
    if decision.act == RESIZE and found is not None:
        return Partition(
            found.number,
            found.start,
            wanted.size,
            found.type_guid,
            found.guid,
            found.name,
            found.attributes,
        )
    return Partition(
        wanted.number,
        wanted.start,
        wanted.size,
        wanted.type_guid or LINUX_DATA,
        wanted.new_guid,
        wanted.label or "",
    )
