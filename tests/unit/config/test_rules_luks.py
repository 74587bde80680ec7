# SPDX-License-Identifier: Apache-2.0
"""LUKS volumes, clevis, tang, cex."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.rule_cases import NEWEST, findings_at, since, until

ALL = since("3.2.0")
CUSTOM = "error clevis: cannot use custom clevis config with tpm2, tang, or threshold"
PIN = "error clevis.custom.pin: missing required custom clevis pin"
UNKNOWN_PIN = "error clevis.custom.pin: unsupported clevis pin"
CONFIG = "error clevis.custom.config: missing required custom clevis config"
KEYS = "error keys: invalid key-file source"
CEX_CLEVIS = "error cex: cannot use cex with clevis"
CEX_KEY = "error cex: cannot use key file with cex"
ADVERTISEMENT = "error clevis.tang.0.advertisement: advertisement is not valid JSON"
GOOD_CUSTOM = {"pin": "tpm2", "config": "{}"}
GOOD_TANG = {"url": "http://t", "thumbprint": "x"}


def luks(value: dict[str, Any], version: str = NEWEST) -> list[str]:
    return findings_at("storage.luks.0", {"name": "l", "device": "/dev/a", **value}, version)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, []),
        ({"name": ""}, []),
        ({"name": "a/b"}, ["error name: device names cannot contain slashes"]),
        ({"uuid": "no uuid"}, []),
        ({"label": "x" * 47}, []),
        (
            {"label": "x" * 48},
            ["error label: luks device labels cannot be longer than 47 characters"],
        ),
        (
            {"label": "\u00e9" * 24},
            ["error label: luks device labels cannot be longer than 47 characters"],
        ),
        ({"device": ""}, ["error device: disk device is required"]),
        ({"device": "a"}, ["error device: path not absolute"]),
        ({"device": "/a/"}, ["error device: path is not fully simplified"]),
        ({"keyFile": {"source": "data:,x"}}, []),
        ({"keyFile": {"source": ""}}, []),
        ({"keyFile": {"source": "x"}}, [KEYS, "error keyFile.source: invalid url scheme"]),
        (
            {"keyFile": {"compression": "x"}},
            ["error keyFile.compression: invalid compression method"],
        ),
        ({"keyFile": {"source": "data:,x"}, "clevis": {"tpm2": True}}, []),
        ({"options": ["a", "a"]}, []),
    ],
    ids=str,
)
def test_every_version(value: dict[str, Any], expected: list[str]) -> None:
    for version in ALL:
        assert luks(value, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_device_is_required(version: str) -> None:
    assert findings_at("storage.luks.0", {"name": "l"}, version) == [
        "error device: disk device is required"
    ]


@pytest.mark.parametrize(
    "other",
    [{"tpm2": True}, {"tang": [GOOD_TANG]}, {"threshold": 1}, {"threshold": -1}],
    ids=str,
)
def test_custom_excludes_the_others(other: dict[str, Any]) -> None:
    for version in ALL:
        assert luks({"clevis": {"custom": GOOD_CUSTOM, **other}}, version) == [CUSTOM]
        # In 3.2.0 an empty custom object counts.
        expected = [CUSTOM] if version == "3.2.0" else []
        assert luks({"clevis": {"custom": {}, **other}}, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_custom_allows_disabled_members(version: str) -> None:
    off = {"tpm2": False, "tang": [], "threshold": 0}
    assert luks({"clevis": {"custom": GOOD_CUSTOM, **off}}, version) == []


@pytest.mark.parametrize(
    ("custom", "in_3_2", "from_3_3"),
    [
        ({}, [], []),
        ({"pin": "", "config": ""}, [], []),
        ({"needsNetwork": False}, [], []),
        ({"needsNetwork": True}, [], [PIN, CONFIG]),
        ({"config": "{}"}, [UNKNOWN_PIN], [PIN]),
        ({"pin": "tpm2"}, [CONFIG], [CONFIG]),
        ({"pin": "tang", "config": "no json"}, [], []),
        ({"pin": "sss", "config": "{}"}, [], []),
    ],
    ids=str,
)
def test_custom(custom: dict[str, Any], in_3_2: list[str], from_3_3: list[str]) -> None:
    for version in ALL:
        expected = in_3_2 if version == "3.2.0" else from_3_3
        assert luks({"clevis": {"custom": custom}}, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_any_pin_since_3_6(version: str) -> None:
    custom = {"pin": "foo", "config": "{}"}
    expected = [UNKNOWN_PIN] if version in until("3.5.0") else []
    assert luks({"clevis": {"custom": custom}}, version) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, []),
        ({"url": "HTTPS://t:1/x"}, []),
        ({"url": ""}, ["error url: invalid url scheme"]),
        ({"url": "s3://t"}, ["error url: invalid url scheme"]),
        ({"url": "http://t t"}, ["error url: unable to parse url"]),
        ({"thumbprint": ""}, ["error thumbprint: thumbprint is required"]),
    ],
    ids=str,
)
def test_tang(value: dict[str, Any], expected: list[str]) -> None:
    for version in ALL:
        found = luks({"clevis": {"tang": [{**GOOD_TANG, **value}]}}, version)
        assert [line.replace("clevis.tang.0.", "") for line in found] == expected


@pytest.mark.parametrize("version", ALL)
def test_empty_tang_server(version: str) -> None:
    assert luks({"clevis": {"tang": [{}]}}, version) == [
        "error clevis.tang.0.url: invalid url scheme",
        "error clevis.tang.0.thumbprint: thumbprint is required",
    ]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("", False),
        ('{"payload": ""}', False),
        ("5", False),
        ('"x"', False),
        (" [1]\n", False),
        ("1e308", False),
        ("1e-999", False),
        ("1e999", True),
        ("[1e999]", True),
        ("{", True),
        ("{}{}", True),
        ("NaN", True),
        ("{'a': 1}", True),
        (" ", True),
        ("01", True),
    ],
)
def test_advertisement_is_json(text: str, refused: bool) -> None:
    for version in since("3.4.0"):
        found = luks({"clevis": {"tang": [{**GOOD_TANG, "advertisement": text}]}}, version)
        assert found == ([ADVERTISEMENT] if refused else [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"cex": {"enabled": True}}, []),
        ({"cex": {"enabled": True}, "clevis": {"tpm2": True}}, [CEX_CLEVIS]),
        ({"cex": {"enabled": True}, "clevis": {"tang": [GOOD_TANG]}}, [CEX_CLEVIS]),
        ({"cex": {"enabled": True}, "clevis": {"threshold": 1}}, [CEX_CLEVIS]),
        ({"cex": {"enabled": True}, "clevis": {"custom": GOOD_CUSTOM}}, [CEX_CLEVIS]),
        ({"cex": {"enabled": True}, "clevis": {"custom": {"config": ""}, "tpm2": False}}, []),
        ({"cex": {"enabled": True}, "keyFile": {"source": "data:,x"}}, [CEX_KEY]),
        ({"cex": {"enabled": True}, "keyFile": {"source": ""}}, []),
        (
            {
                "cex": {"enabled": True},
                "clevis": {"tpm2": True},
                "keyFile": {"source": "data:,x"},
            },
            [CEX_CLEVIS, CEX_KEY],
        ),
        ({"cex": {"enabled": False}, "clevis": {"tpm2": True}}, []),
    ],
    ids=str,
)
def test_cex(value: dict[str, Any], expected: list[str]) -> None:
    for version in since("3.5.0"):
        assert luks(value, version) == expected


def test_order_within_a_volume() -> None:
    value = {
        "name": "a/b",
        "label": "x" * 48,
        "device": "",
        "clevis": {"custom": {"pin": "tpm2"}, "tpm2": True, "tang": [{}]},
        "keyFile": {"source": "x"},
        "cex": {"enabled": True},
    }
    assert [line.split(": ")[0].split(" ")[1] for line in luks(value)] == [
        "name",
        "label",
        "device",
        "clevis",
        "keys",
        "cex",
        "cex",
        "clevis.custom.config",
        "clevis.tang.0.url",
        "clevis.tang.0.thumbprint",
        "keyFile.source",
    ]
