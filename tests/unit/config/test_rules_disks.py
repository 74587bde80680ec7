# SPDX-License-Identifier: Apache-2.0
"""Disks and partitions."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from ignition.config.rules import disks
from tests.unit.config.rule_cases import ALL, findings_at

GUID = "01234567-89AB-CDEF-EDCB-A98765432101"
REQUIRED = "error device: disk device is required"
COLLIDE = "partition numbers collide"
OVERLAP = "partitions overlap"
LABEL_TWICE = "cannot use the same partition label twice"
DUPLICATE = "duplicate entry defined"
WITH_OTHERS = "error .: shouldExist specified false with other options also specified"
NEEDED = "error .: a partition number >= 1 or a label must be specified"
TOO_LONG = "error label: partition labels may not exceed 36 characters"
COLON = "error label: partition label will be truncated to text before the colon"
NO_GUID = 'doesn\'t match the form "01234567-89AB-CDEF-EDCB-A98765432101"'
INT_MAX = (1 << 63) - 1


def disk(partitions: list[dict[str, Any]], version: str, device: str = "/dev/a") -> list[str]:
    return findings_at("storage.disks.0", {"device": device, "partitions": partitions}, version)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"device": "/dev/a"}, []),
        ({}, [REQUIRED]),
        ({"device": ""}, [REQUIRED]),
        ({"device": "dev"}, ["error device: path not absolute"]),
        ({"device": "/dev//a"}, ["error device: path is not fully simplified"]),
    ],
    ids=str,
)
def test_device(value: dict[str, Any], expected: list[str]) -> None:
    for version in ALL:
        assert findings_at("storage.disks.0", value, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_without_device_partitions_are_not_compared(version: str) -> None:
    partitions = [{"number": 1, "label": "x"}, {"number": 1, "label": "x:"}]
    assert disk(partitions, version, device="") == [
        REQUIRED,
        "error partitions.1.label: partition label will be truncated to text before the colon",
        f"error partitions.1: {DUPLICATE}",
    ]


@pytest.mark.parametrize("version", ALL)
def test_with_a_bad_device_partitions_are_compared(version: str) -> None:
    partitions = [{"number": 1}, {"number": 1}]
    assert disk(partitions, version, device="dev") == [
        "error device: path not absolute",
        f"error partitions.1: {COLLIDE}",
        f"error partitions.1: {DUPLICATE}",
    ]


@pytest.mark.parametrize("version", ALL)
def test_numbers_collide(version: str) -> None:
    assert disk([{"number": 1}, {"number": 2}, {"number": 1}], version) == [
        f"error partitions.2: {COLLIDE}",
        f"error partitions.2: {DUPLICATE}",
    ]
    assert disk([{"label": "a", "number": 0}, {"label": "b"}], version) == []


@pytest.mark.parametrize("version", ALL)
def test_labels_of_a_disk_are_unique(version: str) -> None:
    """Labels are compared regardless of the numbers, even empty ones."""
    for label in "x", "":
        partitions = [{"number": 1, "label": label}, {"number": 2, "label": label}]
        partitions += [{"number": 3}, {"number": 4, "label": label}]
        assert disk(partitions, version) == [f"error partitions.1: {LABEL_TWICE}"]


def place(start: int | None, size: int | None) -> dict[str, Any]:
    found = {"startMiB": start, "sizeMiB": size}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("places", "at"),
    [
        ([(1, 10), (11, 10)], None),
        ([(1, 10), (10, 10)], 1),
        ([(10, 10), (1, 10)], 1),
        ([(1, 100), (10, 10)], 1),
        ([(10, 10), (1, 100)], 1),
        ([(5, 0), (5, 10)], 1),
        ([(5, 0), (6, 10)], None),
        ([(0, 10), (0, 10)], None),
        ([(None, 10), (1, 10)], None),
        ([(1, None), (1, 10)], None),
        ([(1, 10), (20, 10), (25, 2)], 2),
        ([(1, -50), (1, 10)], 1),
        ([(10, -50), (1, 5)], 0),
        ([(INT_MAX, 2), (1, 10)], 0),
        ([(5, INT_MAX), (1, 3)], 0),
    ],
    ids=[
        "adjacent",
        "last in first",
        "other order",
        "inside",
        "around",
        "size 0 occupies its start",
        "size 0 occupies no more",
        "start 0 is not compared",
        "no start",
        "no size",
        "reported at the other",
        "negative size at the same start",
        "negative size around another",
        "end beyond 64 bits",
        "end wraps around",
    ],
)
def test_overlap(places: list[tuple[int | None, int | None]], at: int | None) -> None:
    for version in ALL:
        partitions = [{"number": n + 1, **place(*each)} for n, each in enumerate(places)]
        expected = [] if at is None else [f"error partitions.{at}: {OVERLAP}"]
        assert disk(partitions, version) == expected


def test_overlap_ignores_should_exist() -> None:
    gone = {"number": 1, "startMiB": 1, "sizeMiB": 10, "shouldExist": False}
    found = disk([gone, {"number": 2, "startMiB": 1, "sizeMiB": 10}], "3.6.0")
    assert found[0] == f"error partitions.1: {OVERLAP}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"number": 1, "shouldExist": False}, []),
        ({"number": 1, "shouldExist": False, "guid": "", "typeGuid": ""}, []),
        ({"number": 1, "shouldExist": False, "wipePartitionEntry": True}, []),
        ({"number": 1, "shouldExist": False, "label": ""}, [WITH_OTHERS]),
        ({"number": 1, "shouldExist": False, "sizeMiB": 0}, [WITH_OTHERS]),
        ({"number": 1, "shouldExist": False, "startMiB": 0}, [WITH_OTHERS]),
        ({"number": 1, "shouldExist": False, "guid": GUID}, [WITH_OTHERS]),
        ({"number": 1, "shouldExist": False, "typeGuid": GUID}, [WITH_OTHERS]),
        ({"number": 1, "shouldExist": True, "label": "x", "sizeMiB": 0}, []),
        ({}, [NEEDED]),
        ({"number": 0}, [NEEDED]),
        ({"shouldExist": False}, [NEEDED]),
        ({"number": -1}, []),
        ({"label": ""}, []),
        ({"number": 1, "label": "x" * 36}, []),
        ({"number": 1, "label": "x" * 37}, [TOO_LONG]),
        ({"number": 1, "label": "\u00e9" * 18}, []),
        ({"number": 1, "label": "\u00e9" * 19}, [TOO_LONG]),
        ({"number": 1, "label": "a:b"}, [COLON]),
        ({"number": 1, "label": ":" * 37}, [TOO_LONG]),
        ({"number": 1, "guid": GUID, "typeGuid": GUID.lower()}, []),
        ({"number": 1, "guid": "", "typeGuid": ""}, []),
        ({"number": 1, "guid": GUID + "\n"}, [f"error guid: {NO_GUID}"]),
        ({"number": 1, "typeGuid": "x"}, [f"error typeGuid: {NO_GUID}"]),
        ({"number": 1, "guid": GUID.replace("1", "\u0661")}, [f"error guid: {NO_GUID}"]),
        ({"number": 1, "guid": GUID.replace("-", "")}, [f"error guid: {NO_GUID}"]),
    ],
    ids=str,
)
def test_partition(value: dict[str, Any], expected: list[str]) -> None:
    for version in ALL:
        lines = disk([value], version)
        assert [
            line.replace("partitions.0.", "").replace("partitions.0:", ".:") for line in lines
        ] == expected


def test_order_within_a_disk() -> None:
    same = {"number": 1, "label": "x", "startMiB": 1, "sizeMiB": 1}
    bad = {"shouldExist": False, "label": "y:", "number": 0, "guid": "x", "typeGuid": "x"}
    assert [line.split(": ")[0] for line in disk([same, same, bad], "3.6.0", device="d")] == [
        "error device",
        *["error partitions.1"] * 3,
        "error partitions.2",
        "error partitions.2.label",
        "error partitions.2.guid",
        "error partitions.2.typeGuid",
        "error partitions.1",
    ]


def test_overlap_search_matches_the_quadratic_one() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        partitions = [
            {"startMiB": chance.randrange(1, 12), "sizeMiB": chance.choice([0, 1, 1, 2, 3, -4])}
            for _ in range(chance.randrange(6))
        ]
        spans = [disks._span(partition) for partition in partitions]
        pairs = itertools.permutations(
            [(index, span) for index, span in enumerate(spans) if span], 2
        )
        wanted = next((other for (_, a), (other, b) in pairs if disks._overlap(a, b)), None)
        assert disks._first_overlap(partitions) == wanted, partitions
