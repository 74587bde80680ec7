# SPDX-License-Identifier: Apache-2.0
"""Rules for combinations of storage entries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.rule_cases import ALL, NEWEST, findings_at, since, until

DIRECTORY = "directory path includes link in config"
FILE = "file path includes link in config"
LINK = "link path includes link in config"
TARGET = "link target is required"
TO_DIRECTORY = "error links.0: hard link target is a directory"
OWNER = "user/group ignored for hard link"
OVERWRITTEN = "warning filesystems.0.device: filesystem overwrites partitioned device"
WIPED = (
    "warning filesystems.0.device: device matches disk with wipeTable enabled;"
    " filesystem will be wiped"
)


def storage(value: dict[str, Any], version: str = NEWEST) -> list[str]:
    return findings_at("storage", value, version)


def link(path: str, target: str = "/t", **more: Any) -> dict[str, Any]:
    return {"path": path, "target": target, **more}


@pytest.mark.parametrize("version", ALL)
def test_no_entry_below_a_link(version: str) -> None:
    value = {
        "directories": [{"path": "/l/d"}, {"path": "/lx"}],
        "files": [{"path": "/f"}, {"path": "/l/d/f"}],
        "links": [link("/l"), link("/l/m")],
    }
    assert storage(value, version) == [
        f"error directories.0: {DIRECTORY}",
        f"error files.1: {FILE}",
        f"error links.1: {LINK}",
    ]


@pytest.mark.parametrize("version", ALL)
def test_one_finding_for_each_link_above(version: str) -> None:
    value = {"files": [{"path": "/l/m/f"}], "links": [link("/l"), link("/l/m")]}
    assert storage(value, version) == [f"error files.0: {FILE}"] * 2 + [f"error links.1: {LINK}"]


@pytest.mark.parametrize("version", ALL)
def test_link_at_the_root_has_no_entries_below(version: str) -> None:
    assert storage({"files": [{"path": "/f"}], "links": [link("/")]}, version) == []


def test_below_compares_path_text() -> None:
    assert storage({"files": [{"path": "//f"}], "links": [link("/")]}) == [
        f"error files.0: {FILE}",
        "error files.0.path: path is not fully simplified",
    ]
    assert storage({"files": [{"path": "/f"}], "links": [link("")]}) == [
        f"error files.0: {FILE}",
        "error links.0.path: path not specified",
    ]


@pytest.mark.parametrize("value", [{"path": "/l"}, {"path": "/l", "target": ""}], ids=str)
def test_links_need_a_target_since_3_3(value: dict[str, Any]) -> None:
    for version in ALL:
        expected = [f"error links.0.target: {TARGET}"] if version in since("3.3.0") else []
        assert storage({"links": [value]}, version) == expected


@pytest.mark.parametrize(
    ("path", "target", "directory", "refused"),
    [
        ("/a/l", "/d", "/d", True),
        ("/a/l", "/x/../d/", "/d", True),
        ("/a/l", "../d", "/a/d", True),
        ("/a/l", "../d", "/d", False),
        ("/a/l", "d", "/a/l/d", True),
        ("/a/l", "/D", "/d", False),
        ("/l", "/", "/", True),
    ],
)
def test_hard_links_to_directories(path: str, target: str, directory: str, refused: bool) -> None:
    for version in ALL:
        value = {"directories": [{"path": directory}], "links": [link(path, target, hard=True)]}
        found = storage(value, version)
        assert (TO_DIRECTORY in found) is refused
        value["links"] = [link(path, target)]
        assert TO_DIRECTORY not in storage(value, version)


@pytest.mark.parametrize("version", until("3.2.0"))
def test_old_hard_links_without_target(version: str) -> None:
    """Joining empty parts gives an empty path, not the dot that clean() returns."""
    value = {"directories": [{"path": ""}], "links": [{"path": "", "hard": True}]}
    assert TO_DIRECTORY in storage(value, version)
    value["directories"] = [{"path": "."}]
    assert TO_DIRECTORY not in storage(value, version)


def test_one_finding_for_each_directory_of_that_path() -> None:
    directories = [{"path": "/d"}, {"path": "/d"}]
    found = storage({"directories": directories, "links": [link("/l", "/d", hard=True)]})
    assert found == [TO_DIRECTORY] * 2 + ["error directories.1: duplicate entry defined"]


@pytest.mark.parametrize("version", ALL)
def test_owner_of_hard_link_is_ignored(version: str) -> None:
    owners: dict[str, Any] = {"user": {"id": 0, "name": ""}, "group": {"name": ""}}
    assert storage({"links": [link("/l", hard=True, **owners)]}, version) == [
        f"warning links.0.user.id: {OWNER}",
        f"warning links.0.user.name: {OWNER}",
        f"warning links.0.group.name: {OWNER}",
    ]
    assert storage({"links": [link("/l", hard=False, **owners)]}, version) == []


@pytest.mark.parametrize("version", since("3.3.0"))
def test_without_target_no_other_rule_of_hard_links_applies(version: str) -> None:
    value = {"links": [{"path": "/l", "hard": True, "user": {"id": 1}}]}
    assert storage(value, version) == [f"error links.0.target: {TARGET}"]


@pytest.mark.parametrize(
    ("disks", "wipe", "expected"),
    [
        ([{"device": "/dev/a", "partitions": [{"number": 1}]}], False, [OVERWRITTEN]),
        ([{"device": "/dev/a", "partitions": [{"number": 1}]}], True, [OVERWRITTEN]),
        (
            [{"device": "/dev/a", "partitions": [{"number": 1}], "wipeTable": True}],
            False,
            [OVERWRITTEN],
        ),
        ([{"device": "/dev/a", "wipeTable": True}], False, [WIPED]),
        ([{"device": "/dev/a", "wipeTable": True}], True, []),
        ([{"device": "/dev/a", "wipeTable": True, "partitions": []}], False, [WIPED]),
        ([{"device": "/dev/a"}], False, []),
        ([{"device": "/dev/b", "wipeTable": True}], False, []),
    ],
    ids=[
        "partitions",
        "partitions and wipeFilesystem",
        "partitions and wipeTable",
        "wipeTable",
        "wipeTable and wipeFilesystem",
        "wipeTable without partitions",
        "bare disk",
        "other disk",
    ],
)
def test_filesystem_on_a_whole_disk(
    disks: list[dict[str, Any]], wipe: bool, expected: list[str]
) -> None:
    for version in ALL:
        filesystem = {"device": "/dev/a", "format": "xfs", "wipeFilesystem": wipe}
        assert storage({"disks": disks, "filesystems": [filesystem]}, version) == expected


def test_last_of_two_disks_with_one_device_counts() -> None:
    disks = [{"device": "/dev/a", "partitions": [{"number": 1}]}, {"device": "/dev/a"}]
    value = {"disks": disks, "filesystems": [{"device": "/dev/a"}]}
    assert storage(value) == ["error disks.1: duplicate entry defined"]


def test_order_within_storage() -> None:
    value = {
        "directories": [{"path": "/l/a"}, {"path": ""}],
        "disks": [{}, {"device": "/dev/a", "wipeTable": True}],
        "files": [{"path": "/l/b"}, {"path": "b"}],
        "filesystems": [{"device": "/dev/a"}, {}],
        "links": [link("/l"), link("/l/m", "")],
        "luks": [{}],
        "raid": [{}],
    }
    assert [line.split(": ")[0].split(" ")[1] for line in storage(value)] == [
        "directories.0",
        "files.0",
        "links.1",
        "links.1.target",
        "filesystems.0.device",
        "directories.1.path",
        "disks.0.device",
        "files.1.path",
        "filesystems.1.device",
        "luks.0.device",
        "raid.0.level",
        "raid.0.devices",
    ]
