# SPDX-License-Identifier: Apache-2.0
"""Merging one config over another."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest

from ignition.config import dump, merge, parse, shapes
from tests.support import random_json


def merged(parent: Any, child: Any) -> Any:
    """Merges two configs that are given without their ignition sections."""
    version = {"version": shapes.NEWEST}
    parent, child = ({"ignition": version, **value} for value in (parent, child))
    before = copy.deepcopy((parent, child))
    result = merge.merge(parent, child)
    assert (parent, child) == before
    del result["ignition"]
    return result


def storage(parent: Any, child: Any) -> Any:
    return merged({"storage": parent}, {"storage": child}).get("storage", {})


def files(parent: Any, child: Any) -> Any:
    return storage({"files": [{"path": "/a", **parent}]}, {"files": [{"path": "/a", **child}]})[
        "files"
    ][0]


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        pytest.param({"mode": 1}, {}, {"mode": 1}, id="unset keeps"),
        pytest.param({"mode": 1}, {"mode": 0}, {"mode": 0}, id="zero overrides"),
        pytest.param({"overwrite": True}, {"overwrite": False}, {"overwrite": False}, id="false"),
        pytest.param(
            {"contents": {"source": "a"}}, {"contents": {"source": ""}}, {"contents": {"source": ""}},
            id="empty string",
        ),
        pytest.param(
            {"contents": {"source": "a", "compression": "gzip", "verification": {"hash": "h"}}},
            {"contents": {"source": "b", "verification": {}}},
            {"contents": {"source": "b", "compression": "gzip", "verification": {"hash": "h"}}},
            id="a new source keeps compression and hash",
        ),
        pytest.param(
            {"user": {"id": 1}}, {"user": {"name": "n"}}, {"user": {"id": 1, "name": "n"}},
            id="member by member",
        ),
        pytest.param(
            {"append": [{"source": "a"}]},
            {"append": [{"source": "a"}]},
            {"append": [{"source": "a"}, {"source": "a"}]},
            id="append appends",
        ),
    ],
)  # fmt: skip
def test_members_of_matched_items(parent: Any, child: Any, expected: Any) -> None:
    assert files(parent, child) == {"path": "/a", **expected}


def names(parent: list[str], child: list[str], member: str = "groups") -> list[str]:
    result = merged(
        {"passwd": {"users": [{"name": "u", member: parent}]}},
        {"passwd": {"users": [{"name": "u", member: child}]}},
    )
    found: list[str] = result["passwd"]["users"][0].get(member, [])
    return found


@pytest.mark.parametrize("member", ["groups", "sshAuthorizedKeys"])
def test_string_lists_are_merged_parent_first(member: str) -> None:
    assert names(["b", "a"], ["c", "a"], member) == ["b", "a", "c"]
    assert names(["b"], [], member) == ["b"]
    assert names([], ["b"], member) == ["b"]


@pytest.mark.parametrize(
    ("kind", "key", "member"),
    [
        ("filesystems", "device", "options"),
        ("filesystems", "device", "mountOptions"),
        ("raid", "name", "options"),
        ("luks", "name", "options"),
    ],
)
def test_option_lists_append(kind: str, key: str, member: str) -> None:
    result = storage(
        {kind: [{key: "/x", member: ["a"]}]}, {kind: [{key: "/x", member: ["b", "a"]}]}
    )
    assert result[kind][0][member] == ["a", "b", "a"]


def test_luks_open_options_and_raid_devices_are_merged() -> None:
    luks = storage(
        {"luks": [{"name": "l", "openOptions": ["a"]}]},
        {"luks": [{"name": "l", "openOptions": ["b", "a"]}]},
    )
    assert luks["luks"][0]["openOptions"] == ["a", "b"]
    raid = storage(
        {"raid": [{"name": "r", "devices": ["/a"]}]}, {"raid": [{"name": "r", "devices": ["/b"]}]}
    )
    assert raid["raid"][0]["devices"] == ["/a", "/b"]


def test_merged_items_keep_parent_order_with_new_ones_last() -> None:
    def units(*names: str) -> Any:
        return {"systemd": {"units": [{"name": name, "mask": True} for name in names]}}

    result = merged(units("b", "a"), units("c", "a", "0"))
    assert [unit["name"] for unit in result["systemd"]["units"]] == ["b", "a", "c", "0"]


def test_empty_unit_contents_replace_the_parent() -> None:
    result = merged(
        {"systemd": {"units": [{"name": "u", "contents": "text", "dropins": [{"name": "d"}]}]}},
        {"systemd": {"units": [{"name": "u", "contents": "", "dropins": [{"name": "e"}]}]}},
    )
    assert result["systemd"]["units"] == [
        {"name": "u", "contents": "", "dropins": [{"name": "d"}, {"name": "e"}]}
    ]


def test_node_of_another_kind_replaces_the_parent() -> None:
    result = storage(
        {"files": [{"path": "/a", "mode": 1}, {"path": "/b"}], "directories": [{"path": "/d"}]},
        {"links": [{"path": "/a", "target": "/b"}], "files": [{"path": "/d"}]},
    )
    assert result == {
        "files": [{"path": "/b"}, {"path": "/d"}],
        "links": [{"path": "/a", "target": "/b"}],
    }


def test_kernel_arguments_move_to_the_list_of_the_child() -> None:
    result = merged(
        {"kernelArguments": {"shouldExist": ["a", "b"], "shouldNotExist": ["x"]}},
        {"kernelArguments": {"shouldExist": ["x", "c", "b"], "shouldNotExist": ["a"]}},
    )
    assert result["kernelArguments"] == {"shouldExist": ["b", "x", "c"], "shouldNotExist": ["a"]}


@pytest.mark.parametrize(
    ("parent", "child", "count"),
    [
        pytest.param({"number": 1}, {"number": 1, "label": "a"}, 1, id="by number"),
        pytest.param({"label": "a"}, {"label": "a", "sizeMiB": 1}, 1, id="by label"),
        pytest.param({"number": 1, "label": "a"}, {"label": "a"}, 2, id="number before label"),
        pytest.param({"number": 0, "label": "a"}, {"label": "a"}, 1, id="number 0 is unset"),
        pytest.param({"label": ""}, {"label": ""}, 1, id="both labels empty"),
        pytest.param({"label": ""}, {}, 2, id="an empty label is set"),
    ],
)
def test_how_partitions_match(parent: Any, child: Any, count: int) -> None:
    result = storage(
        {"disks": [{"device": "/d", "partitions": [parent]}]},
        {"disks": [{"device": "/d", "partitions": [child]}]},
    )
    assert len(result["disks"][0]["partitions"]) == count


HEADERS = [
    pytest.param([{"name": "x"}], [], id="a header without value removes the parent's"),
    pytest.param([{"name": "y"}], [{"name": "x", "value": "1"}, {"name": "y"}], id="or stays"),
    pytest.param([{"name": "x", "value": "2"}], [{"name": "x", "value": "2"}], id="replaces"),
    pytest.param([{"name": "X"}], [{"name": "x", "value": "1"}, {"name": "X"}], id="by exact name"),
]


@pytest.mark.parametrize(("child", "expected"), HEADERS)
def test_http_headers(child: Any, expected: Any) -> None:
    result = files(
        {"contents": {"source": "s", "httpHeaders": [{"name": "x", "value": "1"}]}},
        {"contents": {"httpHeaders": child}},
    )
    assert result["contents"].get("httpHeaders", []) == expected


def test_headers_of_a_struct_that_only_one_side_has_are_left_alone() -> None:
    contents = {"source": "s", "httpHeaders": [{"name": "x"}]}
    assert files({}, {"contents": contents})["contents"] == contents
    assert files({"contents": contents}, {"contents": {"verification": {}}})["contents"] == contents


def test_the_worked_example() -> None:
    result = storage(
        {
            "files": [
                {
                    "path": "/a",
                    "mode": 1,
                    "contents": {
                        "source": "data:,1",
                        "compression": "gzip",
                        "verification": {"hash": "H"},
                    },
                    "append": [{"source": "A"}],
                    "user": {"id": 1},
                    "group": {"name": "g"},
                }
            ]
        },
        {
            "files": [
                {"path": "/b"},
                {
                    "path": "/a",
                    "contents": {"source": "data:,2"},
                    "append": [{"source": "A"}],
                    "user": {"name": "n"},
                },
            ]
        },
    )
    assert result["files"] == [
        {
            "path": "/a",
            "mode": 1,
            "contents": {
                "source": "data:,2",
                "compression": "gzip",
                "verification": {"hash": "H"},
            },
            "append": [{"source": "A"}, {"source": "A"}],
            "user": {"id": 1, "name": "n"},
            "group": {"name": "g"},
        },
        {"path": "/b"},
    ]


def test_conflicts_between_merged_configs_are_found() -> None:
    version = {"version": shapes.NEWEST}
    value = merge.merge(
        {"ignition": version, "storage": {"files": [{"path": "/a", "user": {"id": 1}}]}},
        {"ignition": version, "storage": {"files": [{"path": "/a", "user": {"name": "n"}}]}},
    )
    assert [str(finding) for finding in parse.validate_rendered(value)] == [
        "error at $.storage.files.0.user: cannot set both id and name"
    ]


def test_rendered_config_is_not_checked_for_duplicates() -> None:
    value = {"ignition": {"version": shapes.NEWEST}, "passwd": {"groups": [{}, {}]}}
    assert parse.validate_rendered(value) == []


def test_empty_and_absent_source_are_the_same_key() -> None:
    tls = [
        {"tls": {"certificateAuthorities": [item]}}
        for item in ({"source": ""}, {"compression": "gzip"})
    ]
    parent, child = ({"ignition": {"version": "x", "security": value}} for value in tls)
    result = merge.merge(parent, child)["ignition"]["security"]["tls"]["certificateAuthorities"]
    assert result == [{"source": "", "compression": "gzip"}]


def test_plain_members_come_from_the_child_even_if_absent() -> None:
    result = merge.merge(
        {"ignition": {"version": "x", "timeouts": {"httpTotal": 1}}},
        {"ignition": {"timeouts": {"httpTotal": 2}}},
    )
    assert result == {"ignition": {"timeouts": {"httpTotal": 2}}}


def test_merging_with_the_empty_config_changes_nothing() -> None:
    rng = Random(5)
    for _ in range(50):
        text = random_json.text(random_json.config(rng, shapes.NEWEST)).encode()
        value = parse.parse(text, "test").value
        cached = dump.cache_text(value)
        assert dump.cache_text(merge.merge(dump.empty(), value)) == cached
        assert dump.cache_text(merge.merge(value, dump.empty())) == cached
