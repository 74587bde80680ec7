# SPDX-License-Identifier: Apache-2.0
"""Translation from older specs to the newest."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest

from ignition.config import fast, parse, shapes, translate
from tests.support import random_json


def newest(version: str, **sections: Any) -> Any:
    value = {"ignition": {"version": version}, **sections}
    return translate.to_newest(value, version)


@pytest.mark.parametrize("version", shapes.VERSIONS)
def test_result_has_the_newest_version(version: str) -> None:
    assert newest(version) == {"ignition": {"version": "3.7.0-experimental"}}


@pytest.mark.parametrize(
    ("version", "mode", "result"),
    [
        ("3.0.0", 0o4755, 0o755),
        ("3.5.0", 0o7777, 0o777),
        ("3.5.0", 0o1000, 0),
        ("3.5.0", 0, 0),
        ("3.6.0", 0o4755, 0o4755),
        ("3.7.0-experimental", 0o1777, 0o1777),
    ],
)
def test_special_mode_bits_count_from_3_6_0_on(version: str, mode: int, result: int) -> None:
    nodes = [{"path": "/a", "mode": mode}]
    storage = newest(version, storage={"files": nodes, "directories": copy.deepcopy(nodes)})[
        "storage"
    ]
    assert [storage[kind][0]["mode"] for kind in ("files", "directories")] == [result, result]


@pytest.mark.parametrize("version", ["3.0.0", "3.1.0", "3.2.0"])
def test_link_target_and_raid_level_become_set(version: str) -> None:
    storage = newest(version, storage={"links": [{"path": "/l"}], "raid": [{"name": "r"}]})[
        "storage"
    ]
    assert storage == {
        "links": [{"path": "/l", "target": ""}],
        "raid": [{"name": "r", "level": ""}],
    }


def test_since_3_3_unset_members_stay_unset() -> None:
    storage = newest("3.3.0", storage={"links": [{"path": "/l"}]})["storage"]
    assert storage == {"links": [{"path": "/l"}]}


def test_pin_and_config_of_a_custom_clevis_pin_become_set() -> None:
    def clevis(value: Any) -> Any:
        return newest("3.2.0", storage={"luks": [{"clevis": value}]})["storage"]["luks"][0][
            "clevis"
        ]

    assert clevis({}) == {}
    assert clevis({"custom": {}}) == {"custom": {"config": "", "pin": ""}}
    assert clevis({"custom": {"pin": "sss"}}) == {"custom": {"config": "", "pin": "sss"}}


def test_source_of_a_3_0_certificate_authority_becomes_set() -> None:
    value = {"version": "3.0.0", "security": {"tls": {"certificateAuthorities": [{}]}}}
    result = translate.to_newest({"ignition": value}, "3.0.0")
    authorities = result["ignition"]["security"]["tls"]["certificateAuthorities"]
    assert authorities == [{"source": ""}]


def test_the_advertisement_of_a_3_4_tang_server_is_lost() -> None:
    def tang(version: str) -> Any:
        server = {"url": "http://t", "thumbprint": "t", "advertisement": "{}"}
        luks = {"name": "l", "clevis": {"tang": [server]}, "discard": True, "openOptions": ["a"]}
        return newest(version, storage={"luks": [luks]})["storage"]["luks"][0]

    assert tang("3.4.0")["clevis"]["tang"] == [{"url": "http://t", "thumbprint": "t"}]
    assert tang("3.4.0")["discard"] is True
    assert tang("3.4.0")["openOptions"] == ["a"]
    assert tang("3.5.0")["clevis"]["tang"][0]["advertisement"] == "{}"


def test_unusual_spelling_of_the_newest_version_is_kept() -> None:
    text = b'{"ignition":{"version":"3.7.0-experimental+"}}'
    assert parse.parse(text, "test").value["ignition"]["version"] == "3.7.0-experimental+"


@pytest.mark.parametrize("version", [v for v in shapes.VERSIONS if v != "3.4.0"])
def test_nothing_else_changes(version: str) -> None:
    rng = Random(version)
    for _ in range(40):
        text = random_json.text(random_json.config(rng, version)).encode()
        read = fast.parse(text)
        assert read is not None
        read[0]["ignition"]["version"] = shapes.NEWEST
        assert parse.parse(text, "test").value == read[0]
