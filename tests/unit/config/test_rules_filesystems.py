# SPDX-License-Identifier: Apache-2.0
"""Filesystems."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.rule_cases import ALL, NEWEST, findings_at, since, until

NEEDED = (
    "error format: format cannot be empty when path, label, uuid, wipeFilesystem, options, or"
    " mountOptions is specified"
)
UNKNOWN = "error format: invalid filesystem format"
LABEL_NEEDS = "error label: filesystem must specify format if label is specified"


def filesystem(value: dict[str, Any], version: str = NEWEST) -> list[str]:
    return findings_at("storage.filesystems.0", {"device": "/dev/a", **value}, version)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, []),
        ({"format": "", "path": "", "label": "", "uuid": "", "options": []}, []),
        ({"wipeFilesystem": False}, []),
        ({"path": "/m"}, [NEEDED]),
        ({"path": "m"}, ["error path: path not absolute", NEEDED]),
        ({"label": "x"}, [NEEDED, LABEL_NEEDS]),
        ({"format": "", "label": "x"}, [NEEDED, LABEL_NEEDS]),
        ({"uuid": "x"}, [NEEDED]),
        ({"wipeFilesystem": True}, [NEEDED]),
        ({"options": [""]}, [NEEDED]),
        ({"format": "ext4", "path": "/m", "uuid": "no uuid", "options": ["a", "a"]}, []),
        ({"format": "swap", "path": "/m"}, []),
        ({"format": "EXT4"}, [UNKNOWN]),
        ({"format": "ext3"}, [UNKNOWN]),
        ({"format": "xfs", "path": "/m/"}, ["error path: path is not fully simplified"]),
        ({"device": ""}, ["error device: path not specified"]),
        ({"device": "dev"}, ["error device: path not absolute"]),
    ],
    ids=str,
)
def test_every_version(value: dict[str, Any], expected: list[str]) -> None:
    for version in ALL:
        assert filesystem(value, version) == expected


@pytest.mark.parametrize("version", since("3.1.0"))
def test_mount_options_need_a_format(version: str) -> None:
    assert filesystem({"mountOptions": ["ro"]}, version) == [NEEDED]
    assert filesystem({"mountOptions": []}, version) == []
    assert filesystem({"format": "xfs", "mountOptions": ["ro", "ro"]}, version) == []


@pytest.mark.parametrize(
    ("kind", "limit"), [("ext4", 16), ("btrfs", 256), ("xfs", 12), ("swap", 15), ("vfat", 11)]
)
def test_label_limits_count_bytes(kind: str, limit: int) -> None:
    for version in ALL:
        words = f"error label: filesystem labels cannot be longer than {limit} characters when using {kind}"
        assert filesystem({"format": kind, "label": "x" * limit}, version) == []
        assert filesystem({"format": kind, "label": "x" * (limit + 1)}, version) == [words]
        assert filesystem({"format": kind, "label": "\u00e9" * (limit // 2 + 1)}, version) == [
            words
        ]


@pytest.mark.parametrize("version", ALL)
def test_none_since_3_3(version: str) -> None:
    value = {"format": "none", "label": "x" * 300, "path": "/m"}
    assert filesystem(value, version) == ([] if version in since("3.3.0") else [UNKNOWN])


@pytest.mark.parametrize("version", until("3.6.0"))
def test_virtiofs_is_unknown_before_3_7(version: str) -> None:
    assert filesystem({"format": "virtiofs", "device": "share", "uuid": "x"}, version) == [
        "error device: path not absolute",
        UNKNOWN,
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, []),
        ({"path": "/m", "mountOptions": ["ro"], "wipeFilesystem": False, "options": []}, []),
        ({"device": "/a//b c"}, []),
        ({"device": ""}, ["error device: device not specified"]),
        ({"device": "x" * 36}, []),
        (
            {"device": "x" * 37},
            ["error device: virtiofs device tag cannot be longer than 36 bytes"],
        ),
        (
            {"device": "\u00e9" * 19},
            ["error device: virtiofs device tag cannot be longer than 36 bytes"],
        ),
        ({"label": ""}, []),
        ({"label": "x"}, ["error label: filesystem labels cannot be set when using virtiofs"]),
        (
            {"uuid": "x"},
            ["error uuid: filesystem uuid cannot be set for non-block-device filesystems"],
        ),
        (
            {"wipeFilesystem": True},
            ["error wipeFilesystem: wipeFilesystem cannot be set for non-block-device filesystems"],
        ),
        (
            {"options": ["x"]},
            [
                "error options: filesystem options (mkfs) cannot be set for non-block-device"
                " filesystems"
            ],
        ),
    ],
    ids=str,
)
def test_virtiofs(value: dict[str, Any], expected: list[str]) -> None:
    for version in since("3.7.0-experimental"):
        assert filesystem({"format": "virtiofs", "device": "share", **value}, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_filesystems_may_share_a_path(version: str) -> None:
    value = [
        {"device": "/dev/a", "format": "xfs", "path": "/m"},
        {"device": "/dev/b", "format": "xfs", "path": "/m"},
    ]
    assert findings_at("storage.filesystems", value, version) == []
