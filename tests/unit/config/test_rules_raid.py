# SPDX-License-Identifier: Apache-2.0
"""RAID arrays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.rule_cases import ALL, NEWEST, findings_at, since

UNKNOWN = "error level: unrecognized raid level"
SPARES = "error level: spares unsupported for linear and raid0 arrays"
PLAIN = ("linear", "raid0", "0", "stripe")
REDUNDANT = ("raid1", "1", "mirror", "raid4", "4", "raid5", "5", "raid6", "6", "raid10", "10")


def raid(value: dict[str, Any], version: str = NEWEST) -> list[str]:
    value = {"name": "r", "level": "raid1", "devices": ["/dev/a"], **value}
    return findings_at("storage.raid.0", value, version)


@pytest.mark.parametrize("level", PLAIN + REDUNDANT)
def test_levels(level: str) -> None:
    for version in ALL:
        assert raid({"level": level}, version) == []
        assert raid({"level": level, "spares": 0}, version) == []


@pytest.mark.parametrize("level", ["RAID1", "2", "raid", "raid00", " raid1"])
def test_unknown_levels(level: str) -> None:
    for version in ALL:
        assert raid({"level": level, "spares": 1}, version) == [UNKNOWN]


@pytest.mark.parametrize("version", ALL)
def test_level_is_required(version: str) -> None:
    required = "error level: raid level is required" if version in since("3.3.0") else UNKNOWN
    assert raid({"level": ""}, version) == [required]
    assert findings_at("storage.raid.0", {"devices": ["/dev/a"]}, version) == [required]


@pytest.mark.parametrize("spares", [1, -1])
def test_spares_need_redundancy(spares: int) -> None:
    for version in ALL:
        for level in PLAIN:
            assert raid({"level": level, "spares": spares}, version) == [SPARES]
        for level in REDUNDANT:
            assert raid({"level": level, "spares": spares}, version) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"devices": []}, ["error devices: raid devices required"]),
        (
            {"devices": ["/dev/a", "b", "", "/c/"]},
            [
                "error devices.1: path not absolute",
                "error devices.2: path not specified",
                "error devices.3: path is not fully simplified",
            ],
        ),
        ({"name": ""}, []),
        ({"name": "a/b"}, []),
        ({"options": ["a", "a"]}, []),
    ],
    ids=str,
)
def test_devices_name_and_options(value: dict[str, Any], expected: list[str]) -> None:
    for version in ALL:
        assert raid(value, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_devices_are_required(version: str) -> None:
    assert findings_at("storage.raid.0", {"level": "raid1"}, version) == [
        "error devices: raid devices required"
    ]
