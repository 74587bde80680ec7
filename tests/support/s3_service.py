# SPDX-License-Identifier: Apache-2.0
"""Amazon S3 and IAM at their real host names, with buckets of three regions.

moto implements objects, versions, access control lists, signatures and the policies of the role. This module
adds what moto lacks, from the documentation: the hosts of a region redirect to the region of the bucket (301)
and refuse anonymous access to the bucket itself (403); access points have their own hosts.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ignition.testbed.httpserver import Answer, HttpServer, Seen
from ignition.testbed.metadata.aws import Role

HOME, AWAY, CHINA = "us-east-1", "eu-central-1", "cn-north-1"
BUCKETS = {"pub": HOME, "away": AWAY, "dotted.name": HOME, "china": CHINA}
"""Bucket -> region. `pub` holds public and private objects, `away` private ones."""
ACCESS_POINT = "arn:aws:s3:eu-central-1:123456789012:accesspoint/door"
ODD_KEY = "a/../b//c d+é%20.ign"
DOMAINS = [
    "s3.dualstack.us-east-1.amazonaws.com",
    "s3.dualstack.eu-central-1.amazonaws.com",
    "s3-accesspoint.dualstack.eu-central-1.amazonaws.com",
    "s3.dualstack.cn-north-1.amazonaws.com.cn",
]
_DOORS = {"door-123456789012": "away"}
_READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": "*"}
_NEVER = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::pub/forbidden"}


class Cloud:
    """The contents: `role` may read all objects but one; `versions` are those of the key `versioned`."""

    def __init__(self) -> None:
        import moto
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.test import Client

        self._moto = Client(DomainDispatcherApplication(create_backend_app))
        self._lock = threading.Lock()
        filling = moto.mock_aws()
        filling.start()
        try:
            self.versions = _fill()
            self.role = _role()
        finally:
            filling.stop(remove_data=False)

    def answer(self, seen: Seen) -> Answer:
        """The response of S3, depending on the host."""
        host = seen.headers["host"].partition(":")[0]
        bucket, region = _split(host)
        if bucket in _DOORS:
            return self._door(seen, host, _DOORS[bucket])
        home = BUCKETS.get(bucket or seen.path.split("/")[1])
        # Partitions are isolated from each other.
        if home is None or home.startswith("cn-") != region.startswith("cn-"):
            return _refusal(404, "NoSuchBucket", seen)
        where = {"x-amz-bucket-region": home}
        if home != region:
            return _refusal(301, "PermanentRedirect", seen, where)
        if seen.method == "HEAD" and "authorization" not in seen.headers:
            return Answer(403, headers=where)
        return self._played(seen.method, host, seen.target, seen.headers)

    def _door(self, seen: Seen, host: str, bucket: str) -> Answer:
        """An access point. moto has none, so it only authorizes the request."""
        from moto.core.exceptions import ServiceException
        from moto.iam.access_control import S3IAMRequest

        headers = {name.title(): value for name, value in seen.headers.items()}
        if "Authorization" not in headers:
            return _refusal(403, "AccessDenied", seen)
        judge = S3IAMRequest(
            "123456789012", seen.method, seen.target, {}, b"", headers, "GetObject"
        )
        try:
            judge.check_signature()
            judge.check_action_permitted(f"arn:aws:s3:::{bucket}{seen.path}")
        except ServiceException:
            return _refusal(403, "AccessDenied", seen)
        host = host.partition(".")[2].replace("s3-accesspoint", "s3")
        return self._played(seen.method, host, f"/{bucket}{seen.target}", {})

    def _played(self, method: str, host: str, target: str, headers: Mapping[str, str]) -> Answer:
        from moto import settings
        from moto.core.authorization import ActionAuthenticatorMixin

        with self._lock:
            # moto authorizes all requests or none; for anonymous ones it checks the ACLs of objects only.
            signed = "authorization" in headers
            settings.INITIAL_NO_AUTH_ACTION_COUNT = 0 if signed else float("inf")
            ActionAuthenticatorMixin.request_count = 0
            reply = self._moto.open(
                target, method=method, base_url=f"https://{host}", headers=dict(headers)
            )
        own = ("content-length", "connection", "date", "server")
        kept = {name: value for name, value in reply.headers.items() if name.lower() not in own}
        return Answer(reply.status_code, reply.data, kept)


@contextmanager
def served(cloud: Cloud, address: str, tls: Path) -> Iterator[HttpServer]:
    """Runs S3 on a local address."""
    with HttpServer(host=address, port=443, tls=tls, service=cloud.answer) as server:
        yield server


def names() -> list[str]:
    """All host names of S3 in these tests."""
    hosts = [f"{bucket}.{domain}" for bucket in (*BUCKETS, "missing") for domain in DOMAINS]
    return [*DOMAINS, *hosts, *(f"{door}.{DOMAINS[2]}" for door in _DOORS)]


def certified() -> list[str]:
    """The names in the certificate, with wildcards for one label as in Amazon's."""
    return [*DOMAINS, *(f"*.{domain}" for domain in DOMAINS)]


def _split(host: str) -> tuple[str, str]:
    """Bucket and region of a host name; the bucket is "" if it is in the path."""
    for domain in DOMAINS:
        if host == domain or host.endswith("." + domain):
            return host[: -len(domain)].rstrip("."), domain.split(".")[2]
    raise AssertionError(f"no such host is known: {host}")


def _refusal(status: int, code: str, seen: Seen, headers: dict[str, str] | None = None) -> Answer:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No.</Message></Error>"
    return Answer(status, b"" if seen.method == "HEAD" else body.encode(), headers or {})


def _fill() -> list[str]:
    import boto3

    for bucket, region in BUCKETS.items():
        s3: Any = boto3.client("s3", region_name=region)
        with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            more = {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, **({} if region == HOME else more))
        for key in ("public", "private", "forbidden", ODD_KEY, "big"):
            body = b"x" * 3_000_000 if key == "big" else f"{bucket} {key}".encode()
            acl = "private" if key in ("private", "forbidden") else "public-read"
            s3.put_object(Bucket=bucket, Key=key, Body=body, ACL=acl)
    s3 = boto3.client("s3", region_name=HOME)
    s3.put_bucket_versioning(Bucket="pub", VersioningConfiguration={"Status": "Enabled"})
    return [
        s3.put_object(Bucket="pub", Key="versioned", Body=body, ACL="public-read")["VersionId"]
        for body in (b"first", b"second")
    ]


def _role() -> Role:
    import boto3

    iam: Any = boto3.client("iam", region_name=HOME)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    arn = iam.create_role(RoleName="node", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="node", PolicyName="read", PolicyDocument=_policy(_READ, _NEVER))
    sts: Any = boto3.client("sts", region_name=HOME)
    given = sts.assume_role(RoleArn=arn, RoleSessionName=f"boot-{time.time_ns()}")["Credentials"]
    return Role("node", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
