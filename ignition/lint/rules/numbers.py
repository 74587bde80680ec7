# SPDX-License-Identifier: Apache-2.0
"""Numbers that the validator takes and no machine can have."""

from __future__ import annotations

from ignition.base.finding import ERROR, WARNING
from ignition.config import limits
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

IMPOSSIBLE_PARTITION = LintRule(
    "IGN1961",
    "a partition that no table can hold",
    hint="number partitions from 1 to 128, and give start and size in MiB of the disk",
    severity=ERROR,
)
"""Negative numbers, starts and sizes, and those beyond any disk, pass the validator; a boot refuses them
before it touches the disk (IGN2111). A new table has room for 128 partitions, and so has nearly any old one:
where the table is not wiped, higher numbers and more partitions are a warning."""

IMPOSSIBLE_ARRAY = LintRule(
    "IGN1962",
    "an array that cannot be made of its devices",
    hint="list as many devices as the level takes, and the spares besides",
    severity=ERROR,
)
"""The devices of an array are those that hold data and its spares. Levels 4, 5 and 10 take two that hold
data, level 6 takes four. A device belongs to one array only."""

IMPOSSIBLE_THRESHOLD = LintRule(
    "IGN1963",
    "a volume that nothing can unlock",
    hint="give as threshold how many of the tang servers, and the TPM2 chip if tpm2 is set, must be there",
    severity=ERROR,
    since="3.2.0",
)
"""The threshold says how many of the bound servers and chips must be at hand to unlock the volume."""

IMPOSSIBLE_TIMEOUT = LintRule(
    "IGN1964",
    "a timeout that is none",
    hint="give seconds; httpTotal 0 is no limit, and 10 is what httpResponseHeaders is without it",
)
"""A negative number of seconds is no limit for this engine; Ignition gives up at once with a negative
`httpTotal`. With more than some 30 years there is none either."""

# What every tool makes room for in a new table.
_PARTITIONS = 128
# The largest table that is believed, with 4 MiB of entries.
_MOST_PARTITIONS = 1 << 15


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
                message = f"array {first} is made of this device already"
                hint = "give each array devices of its own"
                yield IMPOSSIBLE_ARRAY.at((*path, "devices", index), message, hint)
    for volume, path in subject.items("storage", "luks"):
        faults = limits.clevis_problems(volume.get("clevis") or {})
        yield from _broken(IMPOSSIBLE_THRESHOLD, faults, (*path, "clevis"))
    timeouts = subject.value.get("ignition", {}).get("timeouts") or {}
    yield from _broken(
        IMPOSSIBLE_TIMEOUT, limits.timeout_problems(timeouts), ("ignition", "timeouts")
    )


def _broken(rule: LintRule, faults: limits.Faults, path: Path) -> Iterator[Violation]:
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
            f"a new partition table has room for {_PARTITIONS} partitions",
        )
        certain = disk.get("wipeTable") or number > _MOST_PARTITIONS
        found.severity = ERROR if certain else WARNING
        yield found
