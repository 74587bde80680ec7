# SPDX-License-Identifier: Apache-2.0
"""Parsing of s3: URLs and ARNs; the resulting URLs match those of boto3."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from ignition.base.errors import Failure
from ignition.config import s3_location, urls

KEYS = ["k", "a/b", "a//b", "a b", "a+b%20c", "é/ü", "~()*!'", "a/../b", "?x=1#y", "\x7f"]


def read(url: str) -> s3_location.S3Object:
    return s3_location.parse(urls.parse(url), None)


@pytest.mark.parametrize(
    ("url", "bucket", "key", "version"),
    [
        ("s3://b/k", "b", "k", ""),
        ("S3://b/k/l", "b", "k/l", ""),
        ("s3://b//k", "b", "k", ""),
        ("s3://b/a%20b%2Fc%C3%A9+", "b", "a b/cé+", ""),
        ("s3://b/k?versionId=V1", "b", "k", "V1"),
        ("s3://b/k?versionId=a%2Bb&versionId=2", "b", "k", "a+b"),
        ("s3://b/k?versionid=V1", "b", "k", ""),
        ("arn:aws:s3:::b/k", "b", "k", ""),
        ("arn:aws:s3:::b/a%20b", "b", "a%20b", ""),
        ("arn:aws:s3:::b//k", "b", "/k", ""),
        ("arn:aws:s3:::b/a:b/c?versionId=V1", "b", "a:b/c", "V1"),
    ],
)
def test_bucket_key_and_version(url: str, bucket: str, key: str, version: str) -> None:
    place = read(url)
    assert (place.bucket, place.key, place.version) == (bucket, key, version)
    assert (place.region, place.host) == ("", "")


def test_access_point() -> None:
    place = read("arn:aws:s3:us-west-2:123456789012:accesspoint/door/object/a/b%20?versionId=V")
    assert place.bucket == "arn:aws:s3:us-west-2:123456789012:accesspoint/door"
    assert (place.key, place.version, place.region) == ("a/b%20", "V", "us-west-2")
    assert place.url("us-west-2") == (
        "https://door-123456789012.s3-accesspoint.dualstack.us-west-2.amazonaws.com/a/b%2520?versionId=V"
    )


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("s3://b/k", ""),
        ("arn:aws:s3:::b/k", "us-east-1"),
        ("arn:aws-cn:s3:::b/k", "cn-north-1"),
        ("arn:aws-us-gov:s3:::b/k", "us-gov-west-1"),
        ("arn:aws-iso:s3:::b/k", ""),
        ("arn::s3:::b/k", ""),
    ],
)
def test_region_to_ask_first(url: str, hint: str) -> None:
    assert read(url).region_hint() == hint


@pytest.mark.parametrize(
    "url",
    [
        "s3:x",
        "s3://b",
        "s3://b/",
        "s3:///k",
        "arn:aws:s3:::b/",
        "arn:aws:s3:::/k",
        "arn:aws:s3:a/b::bucket",
        "arn:aws:sqs:::b/k",
        "arn:aws:s3:b/k",
        "arn:/aws:s3:::b/k",
        "arn:aws:s3:us-west-2:1:accesspoint/door/k",
        "arn:aws:s3:us-west-2:1:accesspoint/door/object",
        "arn:aws:s3:us-west-2:1:accesspoint/door/object/",
        "arn:aws:s3:us-west-2:1:accesspoint/door/things/k",
        "arn:aws:s3::1:accesspoint/door.mrap/object/k",
        "arn:aws:s3:us-west-2:1:accesspoint/do.or/object/k",
        "arn:aws:s3:evil.example:1:accesspoint/door/object/k",
    ],
)
def test_url_without_an_object_is_refused(url: str) -> None:
    with pytest.raises(Failure) as caught:
        read(url)
    assert caught.value.code == "IGN4201"


def test_the_version_is_not_repeated_in_errors() -> None:
    with pytest.raises(Failure) as caught:
        read("s3://b/?versionId=secret")
    assert "secret" not in caught.value.text + caught.value.hint


@pytest.fixture(scope="module")
def made_by_boto3() -> Any:
    """A function that returns the URL which boto3 signs for an object."""
    import boto3
    from botocore.config import Config

    clients: dict[str, Any] = {}

    def make(bucket: str, key: str, region: str, *, dual_stack: bool = True) -> str:
        if region not in clients:
            clients[region] = boto3.client(
                "s3",
                region_name=region,
                aws_access_key_id="a",
                aws_secret_access_key="b",
                config=Config(s3={"use_dualstack_endpoint": dual_stack}, signature_version="s3v4"),
            )
        parameters = {"Bucket": bucket, "Key": key}
        url: str = clients[region].generate_presigned_url("get_object", Params=parameters)
        return url.partition("?")[0]

    return make


@pytest.mark.parametrize(
    "region",
    [
        *("us-east-1", "eu-west-1", "ap-southeast-5", "us-gov-west-1", "cn-north-1"),
        *("cn-northwest-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1"),
    ],
)
def test_hosts_match_boto3(made_by_boto3: Any, region: str) -> None:
    assert s3_location.S3Object("bucket", "k", "").url(region) == made_by_boto3(
        "bucket", "k", region
    )


@pytest.mark.parametrize("region", ["eu-isoe-west-1", "us-isof-south-1"])
def test_domains_match_boto3(made_by_boto3: Any, region: str) -> None:
    """boto3 has no dual-stack hosts there, but the endpoint rules of AWS do."""
    made = made_by_boto3("bucket", "k", region, dual_stack=False)
    url = s3_location.S3Object("bucket", "k", "").url(region)
    assert url.replace(".dualstack.", ".") == made


@pytest.mark.parametrize(
    "bucket", ["bucket", "a-1", "my.bucket", "Old_Bucket", "UPPER", "x" * 63, "1-2"]
)
def test_bucket_urls_match_boto3(made_by_boto3: Any, bucket: str) -> None:
    made = made_by_boto3(bucket, "k", "us-east-1")
    assert s3_location.S3Object(bucket, "k", "").url("us-east-1") == made


@pytest.mark.parametrize("key", KEYS)
def test_key_escapes_match_boto3(made_by_boto3: Any, key: str) -> None:
    made = made_by_boto3("bucket", key, "us-east-1")
    assert s3_location.S3Object("bucket", key, "").url("us-east-1") == made


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_sent_literally(key: str) -> None:
    url = s3_location.S3Object("bucket", key, "v/1").url("us-east-1")
    assert urls.request_target(url, urls.parse(url)) == urlsplit(url).path + "?versionId=v%2F1"
