# SPDX-License-Identifier: Apache-2.0
"""Resources: compression, headers, verification."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.rule_cases import ALL, NEWEST, findings_at, findings_in, since

SHA512 = "sha512-" + "0" * 128
SHA256 = "sha256-" + "0" * 64
NIL_SOURCE = "error verification.hash: source must be specified if verification is specified"
MALFORMED = "error verification.hash: malformed hash specifier"
UNKNOWN = "error verification.hash: unrecognized hash function"
WRONG_SIZE = "error verification.hash: incorrect size for hash sum"
COMPRESSION = "error compression: invalid compression method"
HEADERS_SCHEME = "error httpHeaders: cannot use HTTP headers with this source scheme"
HEADERS_URL = "error httpHeaders: unable to parse url"


def said_of_contents(value: dict[str, Any], version: str = NEWEST) -> list[str]:
    lines = findings_at("storage.files.0", {"path": "/a", "contents": value}, version)
    return [line.replace("contents.", "", 1) for line in lines]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, []),
        ({"source": "data:,x", "compression": "gzip"}, []),
        ({"source": "data:,x", "compression": ""}, []),
        ({"source": "data:,x", "compression": "GZIP"}, [COMPRESSION]),
        ({"source": "data:,x", "compression": "xz"}, [COMPRESSION]),
        ({"source": "data:,x", "verification": {"hash": SHA512}}, []),
        ({"source": "", "verification": {"hash": SHA512}}, []),
        ({"verification": {"hash": SHA512}}, [NIL_SOURCE]),
        ({"verification": {}}, []),
        ({"verification": {"hash": ""}}, [NIL_SOURCE, MALFORMED]),
        ({"source": "", "verification": {"hash": ""}}, [MALFORMED]),
        ({"source": "", "verification": {"hash": "sha512"}}, [MALFORMED]),
        ({"source": "", "verification": {"hash": "-"}}, [UNKNOWN]),
        ({"source": "", "verification": {"hash": "SHA512-" + "0" * 128}}, [UNKNOWN]),
        ({"source": "", "verification": {"hash": "md5-0"}}, [UNKNOWN]),
        ({"source": "", "verification": {"hash": "sha512-" + "z" * 128}}, []),
        ({"source": "", "verification": {"hash": "sha512-" + "0" * 127}}, [WRONG_SIZE]),
        ({"source": "", "verification": {"hash": "sha512-" + "\u00e9" * 64}}, []),
        ({"source": "", "verification": {"hash": "sha512-" + "\u00e9" * 128}}, [WRONG_SIZE]),
        ({"source": "", "verification": {"hash": "sha512--" + "0" * 127}}, []),
    ],
    ids=[
        "nothing",
        "gzip",
        "empty compression",
        "compression in upper case",
        "unknown compression",
        "hash",
        "hash of an empty source",
        "hash without source",
        "empty verification",
        "empty hash without source",
        "empty hash",
        "no hyphen",
        "no function",
        "function in upper case",
        "unknown function",
        "digits are not checked",
        "too short",
        "length in bytes",
        "length not in characters",
        "second hyphen belongs to the sum",
    ],
)
def test_every_version(value: dict[str, Any], expected: list[str]) -> None:
    for version in ALL:
        assert said_of_contents(value, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_sha256_since_3_1(version: str) -> None:
    value = {"source": "", "verification": {"hash": SHA256}}
    assert said_of_contents(value, version) == ([UNKNOWN] if version == "3.0.0" else [])
    if version != "3.0.0":
        value["verification"] = {"hash": SHA256 + "0"}
        assert said_of_contents(value, version) == [WRONG_SIZE]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("http://h/x", []),
        ("https://h/x", []),
        ("data:,x", [HEADERS_SCHEME]),
        ("s3://b/k", [HEADERS_SCHEME]),
        ("tftp://h/x", [HEADERS_SCHEME]),
        ("", [HEADERS_URL]),
        ("http://h/%zz", ["error source: unable to parse url", HEADERS_URL]),
        ("ftp://h", ["error source: invalid url scheme", HEADERS_SCHEME]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_headers_are_for_http(source: str, expected: list[str]) -> None:
    for version in since("3.1.0"):
        value = {"source": source, "httpHeaders": [{"name": "X", "value": "y"}]}
        assert said_of_contents(value, version) == expected
        assert said_of_contents({"source": source, "httpHeaders": []}, version) == [
            line for line in expected if "httpHeaders" not in line
        ]


@pytest.mark.parametrize("version", since("3.2.0"))
def test_headers_are_not_for_gs(version: str) -> None:
    value = {"source": "gs://b/k", "httpHeaders": [{"name": "X"}]}
    assert said_of_contents(value, version) == [HEADERS_SCHEME]


@pytest.mark.parametrize("version", since("3.4.0"))
def test_headers_are_not_for_arn(version: str) -> None:
    value = {"source": "arn:aws:s3:::b/k", "httpHeaders": [{"name": "X"}]}
    assert said_of_contents(value, version) == [HEADERS_SCHEME]


@pytest.mark.parametrize("version", since("3.1.0"))
def test_headers_without_source(version: str) -> None:
    assert said_of_contents({"httpHeaders": [{"name": "X"}]}, version) == [HEADERS_URL]


@pytest.mark.parametrize("version", since("3.1.0"))
def test_header_names_and_values(version: str) -> None:
    headers = [{"name": "X"}, {"name": "", "value": ""}, {"name": "Y", "value": ""}, {}]
    assert said_of_contents({"source": "http://h", "httpHeaders": headers[:3]}, version) == [
        "error httpHeaders.1.name: HTTP header name can't be empty",
        "error httpHeaders.1.value: unable to parse HTTP header",
        "error httpHeaders.2.value: unable to parse HTTP header",
    ]
    assert said_of_contents({"source": "http://h", "httpHeaders": headers[3:]}, version) == [
        "error httpHeaders.0.name: HTTP header name can't be empty",
    ]


def test_order_within_a_resource() -> None:
    value = {
        "compression": "xz",
        "source": "ftp://h",
        "httpHeaders": [{"name": ""}],
        "verification": {"hash": "x"},
    }
    assert said_of_contents(value) == [
        COMPRESSION,
        "error source: invalid url scheme",
        HEADERS_SCHEME,
        "error httpHeaders.0.name: HTTP header name can't be empty",
        MALFORMED,
    ]


def test_appended_parts_come_before_contents() -> None:
    part = {"compression": "xz"}
    file = {"path": "/a", "append": [{}, part], "contents": part}
    assert findings_in({"storage": {"files": [file]}}) == [
        "error storage.files.0.append.1.compression: invalid compression method",
        "error storage.files.0.contents.compression: invalid compression method",
    ]


@pytest.mark.parametrize("version", ALL)
def test_appended_parts_need_no_source_and_may_repeat(version: str) -> None:
    file = {"path": "/a", "append": [{}, {}, {"source": "data:,x"}, {"source": "data:,x"}]}
    assert findings_at("storage.files.0", file, version) == []
