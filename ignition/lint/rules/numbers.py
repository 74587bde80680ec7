# SPDX-License-Identifier: Apache-2.0
"""Numbers that pass validation but that no machine can satisfy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import ERROR, WARNING
from ignition.config import limits
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

IMPOSSIBLE_PARTITION = LintRule(
    "IGN1961",
    "no partition table can hold this partition",
    hint="number partitions from 1 to 128, and set start and size in MiB within the disk",
    severity=ERROR,
)
"""Negative numbers, starts and sizes, and values beyond any disk, pass validation, but the engine refuses
them before it touches the disk (IGN2111). A new GPT, and almost every existing one, has 128 entries. Unless
the table is wiped, a higher number or more partitions are only a warning."""

IMPOSSIBLE_ARRAY = LintRule(
    "IGN1962",
    "the array cannot be created from these devices",
    hint="list as many devices as the RAID level needs, plus the spares",
    severity=ERROR,
)
"""`devices` lists active devices and spares. Levels 4, 5 and 10 need at least two active devices, level 6
needs four. A device can only be a member of one array."""

IMPOSSIBLE_THRESHOLD = LintRule(
    "IGN1963",
    "the threshold can never be met",
    hint="set threshold to the number of Tang servers, plus one for tpm2, that must be available",
    severity=ERROR,
    since="3.2.0",
)
"""The threshold is the number of Tang servers and TPM2 chips that must be available to unlock the volume."""

IMPOSSIBLE_TIMEOUT = LintRule(
    "IGN1964",
    "meaningless timeout",
    hint="use seconds; 0 disables httpTotal, and httpResponseHeaders defaults to 10",
)
"""This engine treats a negative timeout as no limit, but with a negative `httpTotal` Ignition gives up
immediately. A timeout of more than about 30 years is no limit either."""

# Every partitioning tool creates a GPT with this many entries.
_PARTITIONS = 128
# No table is larger: this many entries take 4 MiB.
_MAX_PARTITIONS = 1 << 15


def check(subject: Subject) -> Iterator[Violation]:
    for disk, path in subject.items("storage", "disks"):
        yield from _partitions(disk, path)
    taken: dict[str, str] = {}
    for array, path in subject.items("storage", "raid"):
        yield from _broken(IMPOSSIBLE_ARRAY, limits.array_problems(array), path)
        name = array.get("name", "")
        for index, device in enumerate(array.get("devices") or ()):
            first = taken.setdefault(device, name)
            if first != name:
                message = f"this device already belongs to array {first}"
                hint = "use each device in one array only"
                yield IMPOSSIBLE_ARRAY.at((*path, "devices", index), message, hint)
    for volume, path in subject.items("storage", "luks"):
        faults = limits.clevis_problems(volume.get("clevis") or {})
        yield from _broken(IMPOSSIBLE_THRESHOLD, faults, (*path, "clevis"))
    timeouts = subject.value.get("ignition", {}).get("timeouts") or {}
    yield from _broken(
        IMPOSSIBLE_TIMEOUT, limits.timeout_problems(timeouts), ("ignition", "timeouts")
    )


def _broken(rule: LintRule, faults: limits.Problems, path: Path) -> Iterator[Violation]:
    for member, message in faults:
        yield rule.at((*path, member), message)


def _partitions(disk: dict[str, Any], path: Path) -> Iterator[Violation]:
    wanted = 0
    for index, one in enumerate(disk.get("partitions") or ()):
        here = (*path, "partitions", index)
        yield from _broken(IMPOSSIBLE_PARTITION, limits.partition_problems(one), here)
        if one.get("shouldExist") is False:
            continue
        wanted += 1
        number = one.get("number") or 0
        if number <= _PARTITIONS and wanted != _PARTITIONS + 1:
            continue
        found = IMPOSSIBLE_PARTITION.at(
            (*here, "number") if number > _PARTITIONS else here,
            f"a new partition table has {_PARTITIONS} entries",
        )
        certain = disk.get("wipeTable") or number > _MAX_PARTITIONS
        found.severity = ERROR if certain else WARNING
        yield found
