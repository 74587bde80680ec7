# SPDX-License-Identifier: Apache-2.0
"""Duplicate entries."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.config import rules
from tests.unit.config.rule_cases import ALL, NEWEST, config_with, findings_at, findings_in, since

Row = tuple[str, list[Any], list[int]]
TANG = {"url": "http://t", "thumbprint": "x"}


def duplicates(place: str, items: list[Any], version: str) -> list[int]:
    """The indexes of the items that are reported as duplicates; ignores other findings."""
    lines = findings_in(config_with(place, items), version)
    start, end = f"error {place}.", ": duplicate entry defined"
    return [int(line[len(start) : -len(end)]) for line in lines if line.endswith(end)]


# Path of a list, its items, the indexes that are reported.
EVERY_VERSION: dict[str, Row] = {
    "users": ("passwd.users", [{"name": "a"}, {"name": "A"}, {"name": "a"}], [2]),
    "users without name": ("passwd.users", [{}, {"name": ""}], [1]),
    "groups": ("passwd.groups", [{"name": "a"}, {"name": "a"}, {"name": "a"}], [1, 2]),
    "groups of a user": ("passwd.users.0.groups", ["a", "b", "a"], [2]),
    "keys of a user": ("passwd.users.0.sshAuthorizedKeys", ["", ""], [1]),
    "files": ("storage.files", [{"path": "/a"}, {"path": "/b"}, {"path": "/a"}], [2]),
    "directories": ("storage.directories", [{"path": "/a"}, {"path": "/a"}], [1]),
    "disks": ("storage.disks", [{"device": "/a"}, {"device": "/a"}], [1]),
    "units": ("systemd.units", [{"name": "a.service"}, {"name": "a.service"}], [1]),
    "drop-ins": ("systemd.units.0.dropins", [{"name": "a.conf"}, {"name": "a.conf"}], [1]),
    "filesystems": ("storage.filesystems", [{"device": "/a"}, {"device": "/a"}], [1]),
}
LATER: dict[str, tuple[str, Row]] = {
    "merge": ("3.1.0", ("ignition.config.merge", [{"source": "data:,"}] * 2, [1])),
    "authorities": (
        "3.1.0",
        ("ignition.security.tls.certificateAuthorities", [{"source": "data:,"}] * 2, [1]),
    ),
    "noProxy": ("3.1.0", ("ignition.proxy.noProxy", ["a", "A", "a"], [2])),
    "kernel arguments": ("3.3.0", ("kernelArguments.shouldExist", ["a", "a"], [1])),
}


@pytest.mark.parametrize(
    ("place", "items", "reported"), EVERY_VERSION.values(), ids=EVERY_VERSION.keys()
)
def test_lists_of_every_version(place: str, items: list[Any], reported: list[int]) -> None:
    for version in ALL:
        assert duplicates(place, items, version) == reported


@pytest.mark.parametrize(("first", "row"), LATER.values(), ids=LATER.keys())
def test_lists_of_later_versions(first: str, row: Row) -> None:
    place, items, reported = row
    for version in since(first):
        assert duplicates(place, items, version) == reported


@pytest.mark.parametrize("version", since("3.1.0"))
def test_header_names_are_case_sensitive(version: str) -> None:
    headers = [{"name": "X"}, {"name": "x"}, {"name": "X"}]
    resource = {"source": "http://h", "httpHeaders": headers}
    parts = {"append": [resource, resource], "contents": resource, "path": "/a"}
    duplicate = "duplicate entry defined"
    assert findings_at("storage.files.0", parts, version) == [
        f"error append.0.httpHeaders.2: {duplicate}",
        f"error append.1.httpHeaders.2: {duplicate}",
        f"error contents.httpHeaders.2: {duplicate}",
    ]
    assert findings_at("ignition.config", {"merge": [resource], "replace": resource}, version) == [
        f"error merge.0.httpHeaders.2: {duplicate}",
        f"error replace.httpHeaders.2: {duplicate}",
    ]


@pytest.mark.parametrize("version", ALL)
def test_nodes_share_the_key_space_of_paths(version: str) -> None:
    node = {"path": "/a", "target": "/t"}
    assert findings_at(
        "storage", {"links": [node], "files": [node], "directories": [node]}, version
    ) == [
        "error files.0: duplicate entry defined",
        "error links.0: duplicate entry defined",
    ]


@pytest.mark.parametrize("version", since("3.3.0"))
def test_kernel_arguments_share_a_key_space(version: str) -> None:
    value = {"shouldExist": ["a", "b"], "shouldNotExist": ["b", "c", "c"]}
    assert findings_at("kernelArguments", value, version) == [
        "error shouldNotExist.0: duplicate entry defined",
        "error shouldNotExist.2: duplicate entry defined",
    ]


@pytest.mark.parametrize(
    ("partitions", "reported"),
    [
        ([{"number": 1}, {"number": 1}], [1]),
        ([{"number": 1, "label": "a"}, {"label": "a"}], []),
        ([{"number": 1, "label": "a"}, {"number": 2, "label": "a"}], []),
        ([{"label": "a"}, {"number": 0, "label": "a"}], [1]),
        ([{"label": ""}, {}], []),
        ([{}, {"number": 0}], [1]),
        ([{"label": ""}, {"label": ""}], [1]),
    ],
    ids=str,
)
def test_partition_key_is_the_number_or_else_the_label(
    partitions: list[Any], reported: list[int]
) -> None:
    for version in ALL:
        assert duplicates("storage.disks.0.partitions", partitions, version) == reported


@pytest.mark.parametrize("version", ALL)
def test_raid(version: str) -> None:
    array = {"name": "r", "level": "raid1", "devices": ["/a", "/a"], "options": ["x", "x"]}
    assert findings_at("storage.raid", [array, array], version) == [
        "error 1: duplicate entry defined",
        "error 0.devices.1: duplicate entry defined",
        "error 1.devices.1: duplicate entry defined",
    ]


@pytest.mark.parametrize("version", since("3.2.0"))
def test_luks(version: str) -> None:
    volume = {"name": "l", "device": "/d", "options": ["x", "x"], "clevis": {"tang": [TANG, TANG]}}
    assert findings_at("storage.luks", [volume, volume], version) == [
        "error 1: duplicate entry defined",
        "error 0.clevis.tang.1: duplicate entry defined",
        "error 1.clevis.tang.1: duplicate entry defined",
    ]


@pytest.mark.parametrize("version", since("3.4.0"))
def test_open_options_may_not_repeat(version: str) -> None:
    volume = {"name": "l", "device": "/d", "openOptions": ["x", "y", "x"]}
    assert findings_at("storage.luks.0", volume, version) == [
        "error openOptions.2: duplicate entry defined"
    ]


@pytest.mark.parametrize("version", since("3.1.0"))
def test_options_may_repeat(version: str) -> None:
    filesystem = {
        "device": "/d",
        "format": "xfs",
        "options": ["a", "a"],
        "mountOptions": ["b", "b"],
    }
    assert findings_at("storage.filesystems.0", filesystem, version) == []


def test_parent_is_reported_before_its_children() -> None:
    partitions = [{"label": "a"}, {"label": "a"}]
    disk = {"device": "/d", "partitions": partitions}
    storage = {"disks": [disk, disk], "files": [{"path": "/a"}, {"path": "/a"}]}
    lines = findings_in({"storage": storage, "passwd": {"users": [{"name": "u"}] * 2}})
    assert [line.split(": ")[0] for line in lines if "duplicate" in line] == [
        "error passwd.users.1",
        "error storage.disks.1",
        "error storage.files.1",
        "error storage.disks.0.partitions.1",
        "error storage.disks.1.partitions.1",
    ]


def test_merged_config_is_not_checked_for_duplicates() -> None:
    config = {
        "ignition": {"version": NEWEST},
        "storage": {"files": [{"path": "/a"}, {"path": "/a"}]},
    }
    assert list(rules.findings(config, NEWEST, duplicates=False)) == []
    assert len(list(rules.findings(config, NEWEST))) == 1
