# SPDX-License-Identifier: Apache-2.0
"""Which URLs a source may have, by spec version."""

from __future__ import annotations

import pytest

from tests.unit.config.rule_cases import ALL, findings_at, since, until

URL = "error source: unable to parse url"
SCHEME = "error source: invalid url scheme"
VERSION_ID = "error source: invalid S3 object VersionId"
ARN = "error source: invalid S3 ARN format"


def said_of_source(source: str, version: str) -> list[str]:
    lines = findings_at("storage.files.0", {"path": "/a", "contents": {"source": source}}, version)
    return [line.replace("contents.", "", 1) for line in lines]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("http://h/x", []),
        ("HTTPS://h/x", []),
        ("tftp://h/x", []),
        ("http:", []),
        ("http://:80/", []),
        ("https:foo", []),
        ("s3://b/k", []),
        ("s3:x", []),
        ("s3://b/k?versionId=1", []),
        ("s3://b/k?versionid=", []),
        ("s3://b/k?versionId=", [VERSION_ID]),
        ("s3://b/k?versionId", [VERSION_ID]),
        ("s3://b/k?version%49d=&versionId=1", [VERSION_ID]),
        ("s3://b/k?versionId=1&versionId=", []),
        ("data:,x", []),
        ("data:text/plain;charset=utf-8;base64,YQ==", []),
        ("data:,a b", ["error source: invalid data character"]),
        ("DATA:,x", ["error source: missing data prefix"]),
        ("data:,x#%zz", [URL]),
        ("data:,\n", [URL]),
        ("http://a/%zz", [URL]),
        (" http://a", [URL]),
        ("ftp://h/x", [SCHEME]),
        ("file:///x", [SCHEME]),
        ("oem:///x", [SCHEME]),
        ("/x", [SCHEME]),
        ("", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_version(source: str, expected: list[str]) -> None:
    for version in ALL:
        assert said_of_source(source, version) == expected


@pytest.mark.parametrize("version", ALL)
def test_gs_since_3_2(version: str) -> None:
    expected = [] if version in since("3.2.0") else [SCHEME]
    assert said_of_source("gs://b/k", version) == expected


@pytest.mark.parametrize("version", until("3.3.0"))
def test_no_arn_before_3_4(version: str) -> None:
    assert said_of_source("arn:aws:s3:::b/k", version) == [SCHEME]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("arn:aws:s3:::b/k", []),
        ("ARN:aws:s3:::b/k", []),
        ("arn::s3:::/", []),
        ("arn:aws:s3:a/b::bucket", []),
        ("arn:aws:s3:r:a:accesspoint/n/object/k", []),
        ("arn:aws:s3:::b/k?versionId=1", []),
        ("arn:aws:s3:::b/k?versionId=", [VERSION_ID]),
        ("arn:aws:s3:::b", [ARN]),
        ("arn:aws:ec2:::b/k", [ARN]),
        ("arn:aws:s3:b/k", [ARN]),
        ("arn:aws:s3:::accesspoint/n", [ARN]),
        ("arn:/aws:s3:::b/k", [ARN]),
        ("arn:", [ARN]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_arn(source: str, expected: list[str]) -> None:
    for version in since("3.4.0"):
        assert said_of_source(source, version) == expected
