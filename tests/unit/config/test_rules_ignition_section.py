# SPDX-License-Identifier: Apache-2.0
"""The ignition section."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.config import rules
from tests.unit.config.rule_cases import ALL, NEWEST, findings_at, findings_in, since

REQUIRED = "source is required"
SCHEME = "invalid url scheme"
NIL_SOURCE = "source must be specified if verification is specified"
HASH = {"hash": "sha512-" + "0" * 128}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("3.7.0-experimental", []),
        ("03.07.00-experimental", []),
        ("3.6.0", ["unsupported config version"]),
        ("9.9.9", ["unsupported config version"]),
        ("3.6", ["invalid config version (couldn't parse)"]),
        ("", ["invalid config version (couldn't parse)"]),
    ],
)
def test_version_of_a_merged_config(written: str, expected: list[str]) -> None:
    found = rules.findings({"ignition": {"version": written}}, NEWEST, duplicates=False)
    assert [(each.path, each.message) for each in found] == [
        (("ignition", "version"), words) for words in expected
    ]


@pytest.mark.parametrize(
    ("place", "lists"),
    [
        ("ignition.config.merge", "ignition.config"),
        ("ignition.security.tls.certificateAuthorities", "ignition.security.tls"),
    ],
)
def test_resources_need_a_valid_source(place: str, lists: str) -> None:
    """An invalid URL is reported twice: for the entry, then for its source."""
    for version in since("3.1.0"):
        name = place.rpartition(".")[2]
        value = [{"source": "x:y"}, {}, {"source": "http://h"}, {"source": "http://h/%zz"}]
        assert findings_at(lists, {name: value}, version) == [
            f"error {name}.0: {SCHEME}",
            f"error {name}.1: {REQUIRED}",
            f"error {name}.3: unable to parse url",
            f"error {name}.0.source: {SCHEME}",
            f"error {name}.3.source: unable to parse url",
        ]
        assert findings_at(lists, {name: [{"source": ""}]}, version) == [
            f"error {name}.0: {REQUIRED}"
        ]


@pytest.mark.parametrize("version", since("3.1.0"))
def test_referenced_configs_are_resources(version: str) -> None:
    item = {"source": "http://h", "compression": "xz", "verification": {"hash": "x"}}
    faults = [
        "compression: invalid compression method",
        "verification.hash: malformed hash specifier",
    ]
    assert findings_at("ignition.config", {"merge": [item], "replace": item}, version) == [
        *[f"error merge.0.{fault}" for fault in faults],
        *[f"error replace.{fault}" for fault in faults],
    ]


@pytest.mark.parametrize("version", ALL)
def test_replace_needs_no_source_and_goes_with_merge(version: str) -> None:
    merge = [{"source": "http://h"}]
    assert findings_at("ignition.config", {"merge": merge, "replace": {}}, version) == []
    assert findings_at("ignition.config", {"replace": {"source": ""}}, version) == []
    assert findings_at("ignition.config.replace", {"source": "x"}, version) == [
        f"error source: {SCHEME}"
    ]


def test_in_3_0_a_merge_needs_no_source() -> None:
    assert findings_at("ignition.config.merge", [{}], "3.0.0") == []
    assert findings_at("ignition.config.merge", [{}, {}], "3.0.0") == [
        "error 1: duplicate entry defined"
    ]
    assert findings_at("ignition.config.merge", [{"source": "x:y"}], "3.0.0") == [
        f"error 0.source: {SCHEME}"
    ]


def test_in_3_0_a_certificate_authority_needs_a_source() -> None:
    place = "ignition.security.tls.certificateAuthorities"
    assert findings_at(place, [{}], "3.0.0") == [f"error 0.source: {SCHEME}"]
    assert findings_at(place, [{"source": ""}], "3.0.0") == [f"error 0.source: {SCHEME}"]
    assert findings_at(place, [{"source": "data:,x"}], "3.0.0") == []
    assert findings_at(place, [{"source": "gs://b/k"}], "3.0.0") == [f"error 0.source: {SCHEME}"]


def test_in_3_0_references_may_have_a_hash_without_source() -> None:
    value = {"merge": [{"verification": HASH}], "replace": {"verification": HASH}}
    assert findings_at("ignition.config", value, "3.0.0") == []
    bad = {"source": "gs://b/k", "verification": {"hash": "sha256-" + "0" * 64}}
    assert findings_at("ignition.config", {"merge": [bad], "replace": bad}, "3.0.0") == [
        f"error merge.0.source: {SCHEME}",
        "error merge.0.verification.hash: unrecognized hash function",
        f"error replace.source: {SCHEME}",
        "error replace.verification.hash: unrecognized hash function",
    ]
    ca = {"source": "data:,x", "verification": {"hash": "sha256-" + "0" * 64}}
    assert findings_at("ignition.security.tls.certificateAuthorities.0", ca, "3.0.0") == [
        "error verification.hash: unrecognized hash function"
    ]


@pytest.mark.parametrize("version", since("3.1.0"))
def test_since_3_1_references_with_a_hash_need_a_source(version: str) -> None:
    assert findings_at("ignition.config.replace", {"verification": HASH}, version) == [
        f"error verification.hash: {NIL_SOURCE}"
    ]


PROXY = "proxies must be http(s)"
INSECURE = "insecure plaintext HTTP proxy specified for HTTPS resources"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"httpProxy": "http://p", "httpsProxy": "https://p", "noProxy": ["*"]}, []),
        ({"httpProxy": "https://p"}, []),
        ({"httpProxy": ""}, [f"error httpProxy: {PROXY}"]),
        ({"httpProxy": "ftp://p"}, [f"error httpProxy: {PROXY}"]),
        ({"httpProxy": "p:3128"}, [f"error httpProxy: {PROXY}"]),
        ({"httpProxy": "http://p q"}, ["error httpProxy: unable to parse url"]),
        ({"httpsProxy": "HTTP://p"}, [f"warning httpsProxy: {INSECURE}"]),
        ({"httpsProxy": ""}, [f"error httpsProxy: {PROXY}"]),
        ({"httpsProxy": "http://%41"}, ["error httpsProxy: unable to parse url"]),
        ({"noProxy": ["", "a b"]}, []),
    ],
    ids=str,
)
def test_proxy(value: dict[str, Any], expected: list[str]) -> None:
    for version in since("3.1.0"):
        assert findings_at("ignition.proxy", value, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_timeouts_have_no_rule(version: str) -> None:
    assert (
        findings_at("ignition.timeouts", {"httpTotal": -1, "httpResponseHeaders": 0}, version) == []
    )


def test_order_within_the_section() -> None:
    section = {
        "version": "3.6.0",
        "config": {"merge": [{}], "replace": {"source": "x"}},
        "proxy": {"httpProxy": ""},
        "security": {"tls": {"certificateAuthorities": [{}]}},
    }
    assert [
        line.split(": ")[0] for line in findings_in({"ignition": section}, "3.7.0-experimental")
    ] == [
        "error ignition.version",
        "error ignition.config.merge.0",
        "error ignition.config.replace.source",
        "error ignition.proxy.httpProxy",
        "error ignition.security.tls.certificateAuthorities.0",
    ]
