# SPDX-License-Identifier: Apache-2.0
"""Paths, files, directories and links."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ignition.config.rules.paths import clean
from tests.unit.config.rule_cases import ALL, NEWEST, findings_at, since, until

KINDS = ("files", "directories", "links")
NO_PATH = "error path: path not specified"
RELATIVE = "error path: path not absolute"
DIRTY = "error path: path is not fully simplified"
BOTH = "cannot set both id and name"
ILLEGAL = "error mode: illegal file mode"
SPECIAL = (
    "warning mode: setuid/setgid/sticky bits are not supported or functional in spec versions"
    " older than 3.6.0"
)
OVERWRITE = "error overwrite: overwrite must be false if source is unspecified"


def node(kind: str, value: dict[str, Any], version: str = NEWEST) -> list[str]:
    target = {"target": "/t"} if kind == "links" else {}
    return findings_at(f"storage.{kind}.0", {"path": "/a", **target, **value}, version)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", []),
        ("/", []),
        ("/a b\n\x00\u00e9", []),
        ("/...", []),
        ("/.a/..b", []),
        ("", [NO_PATH]),
        ("a", [RELATIVE]),
        ("./a", [RELATIVE]),
        ("//", [DIRTY]),
        ("//a", [DIRTY]),
        ("/a//b", [DIRTY]),
        ("/a/", [DIRTY]),
        ("/./a", [DIRTY]),
        ("/a/.", [DIRTY]),
        ("/a/..", [DIRTY]),
        ("/../a", [DIRTY]),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) else "",
)
def test_path(path: str, expected: list[str], kind: str) -> None:
    for version in ALL:
        assert node(kind, {"path": path}, version) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "."),
        (".", "."),
        ("/", "/"),
        ("//a//b/", "/a/b"),
        ("/..", "/"),
        ("/../../a", "/a"),
        ("a/..", "."),
        ("a/../..", ".."),
        ("../../a", "../../a"),
        ("a/../../b/./c", "../b/c"),
    ],
)
def test_clean_matches_go(path: str, expected: str) -> None:
    assert clean(path) == expected


@given(st.text(alphabet="/.a", max_size=12))
def test_clean_is_idempotent_and_defines_dirty_paths(path: str) -> None:
    cleaned = clean(path)
    assert clean(cleaned) == cleaned
    found = node("files", {"path": "/" + path})
    assert (found == [DIRTY]) is (clean("/" + path) != "/" + path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ({"id": 0, "name": "x"}, True),
        ({"id": 5, "name": "x"}, True),
        ({"id": 0, "name": ""}, False),
        ({"id": -1}, False),
        ({"name": "a b/"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_owner(owner: dict[str, Any], expected: bool, kind: str) -> None:
    for version in ALL:
        group, user = f"error group: {BOTH}", f"error user: {BOTH}"
        assert node(kind, {"user": owner, "group": owner}, version) == [group, user] * expected
        assert node(kind, {"user": owner}, version) == [user] * expected
        assert node(kind, {"group": owner}, version) == [group] * expected


@pytest.mark.parametrize("kind", ["files", "directories"])
@pytest.mark.parametrize(
    ("mode", "illegal", "special"),
    [
        (0, False, False),
        (0o777, False, False),
        (0o1000, False, True),
        (0o7777, False, True),
        (0o10000, True, False),
        (0o11000, True, True),
        (-1, True, True),
        (-0o10000, True, False),
        (1 << 40, True, False),
    ],
)
def test_mode(mode: int, illegal: bool, special: bool, kind: str) -> None:
    for version in ALL:
        expected = [ILLEGAL] * illegal + [SPECIAL] * (special and version in until("3.5.0"))
        assert node(kind, {"mode": mode}, version) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"overwrite": True}, [OVERWRITE]),
        ({"overwrite": True, "contents": {}}, [OVERWRITE]),
        ({"overwrite": True, "append": [{"source": "data:,x"}]}, [OVERWRITE]),
        ({"overwrite": True, "contents": {"source": ""}}, []),
        ({"overwrite": True, "contents": {"source": "data:,x"}}, []),
        ({"overwrite": False}, []),
        ({}, []),
    ],
    ids=str,
)
def test_overwrite_needs_a_source(value: dict[str, Any], expected: list[str]) -> None:
    for version in ALL:
        assert node("files", value, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_directories_and_links_may_overwrite(version: str) -> None:
    assert node("directories", {"overwrite": True}, version) == []
    assert node("links", {"overwrite": True}, version) == []


def test_order_within_a_file() -> None:
    owner = {"id": 1, "name": "x"}
    file = {
        "path": "",
        "mode": -1,
        "overwrite": True,
        "user": owner,
        "group": owner,
        "append": [{"compression": "x"}],
        "contents": {"compression": "x"},
    }
    assert node("files", file, "3.5.0") == [
        NO_PATH,
        ILLEGAL,
        SPECIAL,
        OVERWRITE,
        f"error group: {BOTH}",
        f"error user: {BOTH}",
        "error append.0.compression: invalid compression method",
        "error contents.compression: invalid compression method",
    ]


@pytest.mark.parametrize("version", since("3.6.0"))
def test_special_bits_are_fine_since_3_6(version: str) -> None:
    assert node("files", {"mode": 0o4755}, version) == []
