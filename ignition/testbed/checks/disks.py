# SPDX-License-Identifier: Apache-2.0
"""Partition tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ignition.testbed.checks.devices import is_uuid, locate
from ignition.testbed.checks.subject import Subject
from ignition.testbed.expectations.model import Disk, Partition
from ignition.testbed.facts import Device
from ignition.testbed.report import Report
from ignition.testbed.results import Check

MIB = 1 << 20
TOLERANCE = MIB
"""Bytes: sgdisk moves a start to a multiple of 1 MiB, and sizes are whole sectors."""
REST = 2 * MIB
"""Bytes that may stay free after a partition that takes the rest: alignment, and GPT's copy at the end."""


def disk(item: Disk, report: Report) -> Iterator[Check]:
    subject = Subject(f"disk {item.device}", item.place)
    found = locate(subject, item.device, report)
    if isinstance(found, Check):
        yield found
        return
    if item.table is not None:
        table = found.facts.get("ID_PART_TABLE_TYPE", "none")
        yield subject.equal("table", item.table, table)
    inside = sorted(
        (one for one in report.devices or () if one.parent == found.path),
        key=lambda one: one.number,
    )
    for wanted in item.partitions:
        yield from _partition(item.device, found, wanted, inside)


def _partition(
    disk: str, whole: Device, wanted: Partition, inside: Sequence[Device]
) -> Iterator[Check]:
    name = str(wanted.number or "") or f"labelled {wanted.label}"
    subject = Subject(f"partition {name} of {disk}", wanted.place)
    found = next((one for one in inside if _is(wanted, one)), None)
    words = "present" if wanted.exists else "absent"
    shown = "present" if found is not None else f"absent; there are {_listed(inside)}"
    yield subject.check("exists", (found is not None) == wanted.exists, words, shown)
    if found is None or not wanted.exists:
        return
    if wanted.label is not None:
        yield subject.equal("label", wanted.label, _label(found))
    if wanted.type_guid is not None:
        kind = found.facts.get("ID_PART_ENTRY_TYPE", "")
        yield subject.check(
            "type", is_uuid(wanted.type_guid, kind), wanted.type_guid.lower(), kind or "unknown"
        )
    if wanted.guid is not None:
        uuid = found.facts.get("ID_PART_ENTRY_UUID", "")
        yield subject.check(
            "guid", is_uuid(wanted.guid, uuid), wanted.guid.lower(), uuid or "unknown"
        )
    if wanted.size_mib is not None:
        yield _size(subject, wanted.size_mib, whole, found, inside)
    if wanted.start_mib:  # 0: anywhere
        yield _start(subject, wanted.start_mib, found)


def _is(wanted: Partition, one: Device) -> bool:
    if wanted.number:
        return one.number == wanted.number
    return _label(one) == wanted.label


def _label(one: Device) -> str:
    return one.facts.get("ID_PART_ENTRY_NAME", "")


def _listed(inside: Sequence[Device]) -> str:
    return ", ".join(f"{one.number} {_label(one)}".strip() for one in inside) or "no partitions"


def _size(
    subject: Subject, wanted: int, whole: Device, found: Device, inside: Sequence[Device]
) -> Check:
    expected = f"{wanted} MiB" if wanted else "the rest of the space"
    if found.size is None:
        return subject.undecided("size", "the guest did not report it", expected)
    shown = _mib(found.size)
    if wanted:
        return subject.check("size", abs(found.size - wanted * MIB) < TOLERANCE, expected, shown)
    if found.start is None or whole.size is None:
        return subject.undecided("size", "the guest did not report where it starts", expected)
    end = found.start + found.size
    later = [one.start for one in inside if one.start is not None and one.start >= end]
    free = min([whole.size, *later]) - end
    return subject.check(
        "size", free < REST, expected, f"{shown}, {_mib(max(0, free))} free after it"
    )


def _start(subject: Subject, wanted: int, found: Device) -> Check:
    expected = f"{wanted} MiB"
    if found.start is None:
        return subject.undecided("start", "the guest did not report it", expected)
    right = abs(found.start - wanted * MIB) < TOLERANCE
    return subject.check("start", right, expected, _mib(found.start))


def _mib(size: int) -> str:
    return f"{size // MIB} MiB" if size % MIB == 0 else f"{size / MIB:.2f} MiB"
