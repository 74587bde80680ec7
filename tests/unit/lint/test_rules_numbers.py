# SPDX-License-Identifier: Apache-2.0
"""Lint rules for numbers that pass validation but that no machine can satisfy."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.base.finding import ERROR, WARNING
from tests.unit.lint.lint_cases import codes, linted, of_storage

LARGEST = (1 << 63) - 1
DISK = "/dev/disk/by-id/virtio-a"


def of_partition(**entry: Any) -> list[str]:
    disk = {"device": DISK, "wipeTable": True, "partitions": [{"label": "a", **entry}]}
    return [one.replace("disks/0/partitions/0/", "") for one in of_storage(disks=[disk])]


@pytest.mark.parametrize("name", ["startMiB", "sizeMiB"])
@pytest.mark.parametrize("mib", [-1, -(1 << 32), -LARGEST - 1, 1 << 43, 1 << 53, LARGEST])
def test_impossible_partition_start_and_size(name: str, mib: int) -> None:
    assert of_partition(number=1, **{name: mib}) == [f"IGN1961 {name}"]


@pytest.mark.parametrize("number", [-1, -1000, -LARGEST - 1, 129, 1 << 31, 1 << 32, LARGEST])
def test_impossible_partition_number(number: int) -> None:
    assert of_partition(number=number) == ["IGN1961 number"]


@pytest.mark.parametrize("number", [0, 1, 128])
def test_valid_partition_number(number: int) -> None:
    assert of_partition(number=number, startMiB=0, sizeMiB=(1 << 43) - 1) == []


def test_more_partitions_than_a_new_table_can_hold() -> None:
    disk = {"device": DISK, "partitions": [{"label": f"p{n}"} for n in range(200)]}
    assert of_storage(disks=[disk]) == ["IGN1961 disks/0/partitions/128"]
    for wiped, severity in ((True, ERROR), (False, WARNING)):
        found = linted(storage={"disks": [{**disk, "wipeTable": wiped}]})
        assert [one.severity for one in found] == [severity]


@pytest.mark.parametrize(
    ("number", "severity"), [(129, WARNING), (1 << 15, WARNING), (1 << 32, ERROR)]
)
def test_partition_number_beyond_128(number: int, severity: str) -> None:
    disk = {"device": DISK, "partitions": [{"number": number}]}
    assert [one.severity for one in linted(storage={"disks": [disk]})] == [severity]


def test_deleted_partition_may_have_a_high_but_not_a_negative_number() -> None:
    gone = {"shouldExist": False}
    disk = {"device": DISK, "partitions": [{"number": 999, **gone}, {"number": -1, **gone}]}
    assert of_storage(disks=[disk]) == ["IGN1961 disks/0/partitions/1/number"]


@pytest.mark.parametrize(
    ("level", "devices", "spares", "said"),
    [
        ("raid1", 2, 0, []),
        ("raid1", 1, 0, []),
        ("raid1", 2, 1, []),
        ("raid1", 2, 2, ["IGN1962 raid/0/spares"]),
        ("raid1", 2, 1 << 32, ["IGN1962 raid/0/spares"]),
        ("raid1", 2, LARGEST, ["IGN1962 raid/0/spares"]),
        ("raid1", 2, -1, ["IGN1962 raid/0/spares"]),
        ("raid0", 1, 0, []),
        ("raid4", 1, 0, ["IGN1962 raid/0/devices"]),
        ("5", 2, 1, ["IGN1962 raid/0/devices"]),
        ("5", 2, 0, []),
        ("raid6", 3, 0, ["IGN1962 raid/0/devices"]),
        ("raid6", 5, 1, []),
        ("raid10", 1, 0, ["IGN1962 raid/0/devices"]),
    ],
)
def test_array_and_its_devices(level: str, devices: int, spares: int, said: list[str]) -> None:
    array = {
        "name": "a",
        "level": level,
        "devices": [f"/dev/disk/by-id/virtio-{n}" for n in range(devices)],
        "spares": spares,
    }
    assert of_storage(raid=[array]) == said


def test_device_in_two_arrays() -> None:
    one, two, three = (f"/dev/disk/by-id/virtio-{n}" for n in range(3))
    arrays = [
        {"name": "a", "level": "raid1", "devices": [one, two]},
        {"name": "b", "level": "raid1", "devices": [three, two]},
    ]
    assert of_storage(raid=arrays) == ["IGN1962 raid/1/devices/1"]


@pytest.mark.parametrize(
    ("clevis", "wrong"),
    [
        ({"tpm2": True, "threshold": 1}, False),
        ({"tpm2": True, "threshold": 0}, False),
        ({"tpm2": True, "threshold": 2}, True),
        ({"tpm2": True, "threshold": -1}, True),
        ({"tpm2": True, "threshold": LARGEST}, True),
        ({"tang": [{"url": "http://a", "thumbprint": "x"}], "tpm2": True, "threshold": 2}, False),
    ],
)
def test_threshold(clevis: dict[str, Any], wrong: bool) -> None:
    found = of_storage(luks=[{"name": "a", "device": DISK, "clevis": clevis}])
    assert found == (["IGN1963 luks/0/clevis/threshold"] if wrong else [])


@pytest.mark.parametrize("name", ["httpTotal", "httpResponseHeaders"])
@pytest.mark.parametrize(
    ("seconds", "wrong"),
    [(0, False), (600, False), (-1, True), (1 << 32, True), (-LARGEST - 1, True), (LARGEST, True)],
)
def test_timeouts(name: str, seconds: int, wrong: bool) -> None:
    said = codes(ignition={"timeouts": {name: seconds}})
    assert said == ([f"IGN1964 /ignition/timeouts/{name}"] if wrong else [])
