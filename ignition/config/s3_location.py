# SPDX-License-Identifier: Apache-2.0
"""Locations of S3 objects: parses s3: URLs and ARNs, and builds the URL of the host that serves them.

    s3://BUCKET/KEY[?versionId=V]                  KEY with its %XX decoded
    arn:PARTITION:s3:::BUCKET/KEY[?versionId=V]    KEY is literal
    arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME/object/KEY[?versionId=V]

Rules: docs/behaviour/run.md. Hosts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.base.log import quote as quoted
from ignition.base.record import record
from ignition.config import urls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin

DEFAULT_REGION = "us-east-1"
# AWS partition of an ARN -> the region to ask first.
_HINTS = {"aws": DEFAULT_REGION, "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
# Prefix of region names -> domain of that partition. A test compares this with botocore's list.
_DOMAINS = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@record
class S3Object:
    """An S3 object. `version` is empty for the newest one, `partition` is empty unless an ARN names it.

    For an access point, `region` is set, `host` is the first label of its host name and `bucket` its ARN.
    """

    bucket: str
    key: str
    version: str
    partition: str = ""
    region: str = ""
    host: str = ""

    def describe(self) -> str:
        """The object in error messages."""
        return f"object {quoted(self.key)} from bucket {quoted(self.bucket)}"

    def region_hint(self) -> str:
        """The region to ask first; empty if the URL does not imply one."""
        return _HINTS.get(self.partition, "")

    def url(self, region: str) -> str:
        """The URL of the object in a region, which must be a valid label."""
        version = f"?versionId={_quoted(self.version, '')}" if self.version else ""
        return f"{self._base(region)}/{_path(self.key)}{version}"

    def bucket_url(self, region: str) -> str:
        """The URL of the bucket."""
        return self._base(region) + "/"

    def _base(self, region: str) -> str:
        # The plain hosts have no IPv6 addresses; dual-stack ones have both.
        service = "s3-accesspoint" if self.host else "s3"
        host = f"{service}.dualstack.{region}.{_domain(region)}"
        if self.host:
            return f"https://{self.host}.{host}"
        if is_label(self.bucket) and len(self.bucket) >= 3:
            return f"https://{self.bucket}.{host}"
        # The wildcard certificates cover one label. Bucket names with dots or other characters go into the
        # path.
        return f"https://{host}/{_quoted(self.bucket, '~')}"


def parse(parts: urls.Url, origin: Origin | None) -> S3Object:
    """Parses an s3: or arn: URL. Failure IGN4201 if it names no object; validation accepts some of those."""
    place = _of_arn(parts, origin) if parts.scheme == "arn" else _of_url(parts)
    if not place.bucket or not place.key:
        raise _no_object("no bucket" if not place.bucket else "no key in its bucket", parts, origin)
    return place


def is_label(text: str) -> bool:
    """Whether a text is a valid lower-case label of a host name."""
    return 0 < len(text) <= 63 and _LABEL.issuperset(text) and text.strip("-") == text


def _of_url(parts: urls.Url) -> S3Object:
    return S3Object(parts.host, urls.unescape(parts.path).lstrip("/"), _version(parts))


def _of_arn(parts: urls.Url, origin: Origin | None) -> S3Object:
    fields = f"arn:{parts.opaque}".split(":", 5)
    if len(fields) < 6 or fields[2] != "s3":
        raise _no_object("nothing in S3", parts, origin)
    _, partition, _, region, account, resource = fields
    if not resource.startswith("accesspoint/"):
        bucket, _, key = resource.partition("/")
        return S3Object(bucket, key, _version(parts), partition)
    _, name, *rest = resource.split("/", 3)
    if len(rest) < 2 or rest[0] != "object":
        raise _no_object("no object behind its access point", parts, origin)
    host = f"{name}-{account}"
    if not (is_label(region) and is_label(name) and is_label(account) and is_label(host)):
        raise _no_object("no valid region, account and access point", parts, origin)
    arn = ":".join(fields[:5]) + f":accesspoint/{name}"
    return S3Object(arn, rest[1], _version(parts), partition, region, host)


def _version(parts: urls.Url) -> str:
    versions = urls.query_values(parts.raw_query, "versionId")
    return versions[0] if versions else ""


def _domain(region: str) -> str:
    return next(
        (domain for start, domain in _DOMAINS.items() if region.startswith(start)), "amazonaws.com"
    )


def _path(key: str) -> str:
    """A key as a URL path, escaped as the request signer expects."""
    return _quoted(key, "/~")


def _quoted(text: str, safe: str) -> str:
    # Imported late: validation only parses, and never builds a URL.
    from urllib.parse import quote

    return quote(text, safe=safe)


def _no_object(what: str, parts: urls.Url, origin: Origin | None) -> Failure:
    return Failure(
        "IGN4201",
        f"the URL names {what}: {parts.redacted()}",
        origin,
        hint="write s3://BUCKET/KEY, arn:PARTITION:s3:::BUCKET/KEY or"
        " arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME/object/KEY",
    )
