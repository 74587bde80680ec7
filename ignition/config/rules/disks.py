# SPDX-License-Identifier: Apache-2.0
"""Disks and their partitions. All spec versions."""

from __future__ import annotations

import _bisect

from ignition.config.rules.paths import check_path
from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding

    Items = list[dict[str, Any]]
    Span = tuple[int, int]

# Sentinels beyond all ends of partitions, which are 64-bit numbers.
_LOW, _HIGH = -(1 << 64), 1 << 64

DEVICE_REQUIRED = Rule(
    "IGN1501",
    "disk device is required",
    hint="set device, preferably to a link in /dev/disk/by-id",
)
"""There is no default disk."""

NUMBERS_COLLIDE = Rule(
    "IGN1502",
    "partition numbers collide",
    hint="give each partition its own number, or 0 for the next free one",
)
"""A partition number identifies one partition of the disk."""

OVERLAP = Rule(
    "IGN1503",
    "partitions overlap",
    hint="move startMiB past the end of the other partition, or lower sizeMiB",
)
"""Only partitions with both a start and a size are compared. A size of 0 occupies only the start."""

LABEL_TWICE = Rule(
    "IGN1504",
    "cannot use the same partition label twice",
    hint="give each partition of the disk its own label",
)
"""Links in /dev/disk/by-partlabel would be ambiguous."""

ABSENT_WITH_OTHERS = Rule(
    "IGN1511",
    "shouldExist specified false with other options also specified",
    hint="to delete a partition, give only its number",
)
"""A partition that is to be deleted has no properties. Empty GUIDs count as unset; a size of 0 and an empty
label count as set."""

NUMBER_OR_LABEL = Rule(
    "IGN1512",
    "a partition number >= 1 or a label must be specified",
    hint="give the partition a label or a number",
)
"""Without a label or a number, a later boot could not identify the partition."""

LABEL_TOO_LONG = Rule(
    "IGN1513",
    "partition labels may not exceed 36 characters",
    hint="shorten the label to 36 bytes; a non-ASCII letter takes 2 to 4",
)
"""A GPT partition entry stores 36 characters. Ignition counts UTF-8 bytes."""

LABEL_COLON = Rule(
    "IGN1514",
    "partition label will be truncated to text before the colon",
    hint="leave the colon out",
)
"""sgdisk, which Ignition runs, treats a colon as the end of the label."""

NOT_A_GUID = Rule(
    "IGN1515",
    'doesn\'t match the form "01234567-89AB-CDEF-EDCB-A98765432101"',
    hint="write 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, joined by hyphens",
)
"""GUIDs have one textual form. An empty string means none."""

_LABEL_MAX = 36
_GUID_GROUPS = [8, 4, 4, 4, 12]
_HEX = frozenset("0123456789abcdefABCDEF")


def check_disk(value: dict[str, Any]) -> Iterator[RuleFinding]:
    """Checks a disk: conflicts between its partitions, then each partition."""
    device = value.get("device", "")
    partitions = value.get("partitions", [])
    if not device:
        yield DEVICE_REQUIRED.at("device")
    else:
        if rule := check_path(device):
            yield rule.at("device")
        for rule, index in _partition_conflicts(partitions):
            yield rule.at("partitions", index)
    for index, item in enumerate(partitions):
        for finding in _check_partition(item):
            yield finding.with_prefix("partitions", index)


def _partition_conflicts(partitions: Items) -> Iterator[tuple[Rule, int]]:
    """At most one finding per rule, at the second of two conflicting partitions."""
    numbers = [item.get("number") or None for item in partitions]
    if (index := _first_repeat(numbers)) is not None:
        yield NUMBERS_COLLIDE, index
    if (index := _first_overlap(partitions)) is not None:
        yield OVERLAP, index
    if (index := _first_repeat([item.get("label") for item in partitions])) is not None:
        yield LABEL_TWICE, index


def _first_repeat(values: list[Any]) -> int | None:
    """The index of the first value that repeats an earlier one. None values do not count."""
    seen = set()
    for index, value in enumerate(values):
        if value is not None and value in seen:
            return index
        seen.add(value)
    return None


def _first_overlap(partitions: Items) -> int | None:
    """The index of the partition that Ignition reports for overlaps.

    It takes the first partition that overlaps any other, and reports the first one that this one overlaps.
    """
    spans = [_span(item) for item in partitions]
    overlapping = _overlapping([span for span in spans if span])
    number = next((index for index, span in enumerate(spans) if span in overlapping), None)
    if number is None:
        return None
    mine = spans[number]
    return next(
        index
        for index, other in enumerate(spans)
        if index != number and mine and other and _overlap(mine, other)
    )


def _overlap(mine: Span, other: Span) -> bool:
    """Whether two spans overlap, by Ignition's formula, also for spans that end before they start."""
    start, end = mine
    first, last = other
    return first <= start <= last or first <= end <= last or (start < first and end > last)


def _overlapping(spans: list[Span]) -> set[Span]:
    """The spans that overlap at least one other, in O(n log n)."""
    spans = sorted(spans)
    starts = [start for start, _ in spans]
    # highest[i]: the two highest ends among the spans before i; lowest[i]: the lowest end from i on.
    highest = [(_LOW, _LOW)]
    for _, end in spans:
        top, second = highest[-1]
        highest.append((end, top) if end > top else (top, max(second, end)))
    lowest = [_HIGH]
    for _, end in reversed(spans):
        lowest.append(min(lowest[-1], end))
    lowest.reverse()
    found = set()
    for start, end in spans:
        meets = lowest[_bisect.bisect_right(starts, start)] < end
        for point in (start, end):
            top, second = highest[_bisect.bisect_right(starts, point)]
            # Leave out the span itself.
            others = second if start <= point and top == end else top
            meets = meets or others >= point
        if meets:
            found.add((start, end))
    return found


def _span(partition: dict[str, Any]) -> Span | None:
    """First and last MiB of a partition with an explicit start and size, else None."""
    start, size = partition.get("startMiB"), partition.get("sizeMiB")
    if not start or size is None:
        return None
    return start, _int64(start + size - 1) if size else start


def _int64(number: int) -> int:
    """Wraps a number as signed 64-bit arithmetic does."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _check_partition(value: dict[str, Any]) -> Iterator[RuleFinding]:
    label = value.get("label")
    if value.get("shouldExist") is False and _has_properties(value):
        yield ABSENT_WITH_OTHERS.at()
    if not value.get("number") and label is None:
        yield NUMBER_OR_LABEL.at()
    if label and len(label.encode()) > _LABEL_MAX:
        yield LABEL_TOO_LONG.at("label")
    elif label and ":" in label:
        yield LABEL_COLON.at("label")
    for name in ("guid", "typeGuid"):
        if value.get(name) and not _is_guid(value[name]):
            yield NOT_A_GUID.at(name)


def _has_properties(partition: dict[str, Any]) -> bool:
    return (
        any(name in partition for name in ("label", "startMiB", "sizeMiB"))
        or bool(partition.get("typeGuid"))
        or bool(partition.get("guid"))
    )


def _is_guid(text: str) -> bool:
    groups = text.split("-")
    return [len(group) for group in groups] == _GUID_GROUPS and _HEX.issuperset("".join(groups))
