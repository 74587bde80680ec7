# SPDX-License-Identifier: Apache-2.0
"""Where an object of S3 lies: s3: URLs and ARNs in their parts, and the host that serves it.

    s3://BUCKET/KEY[?versionId=V]                  KEY with its %XX decoded
    arn:PARTITION:s3:::BUCKET/KEY[?versionId=V]    KEY as it stands
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
# Where a bucket is looked for when an ARN says which part of AWS it is in.
_HINTS = {"aws": DEFAULT_REGION, "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
# How region names of the other partitions begin, and the domain of those. Tests compare with botocore's list.
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
    """An object. `version` is empty for the newest. `partition` is the one that an ARN names, else empty.
    An access point has a `region`, and `host`, the first label of its host name; `bucket` is its ARN then."""

    bucket: str
    key: str
    version: str
    partition: str = ""
    region: str = ""
    host: str = ""

    def says(self) -> str:
        """The object as errors name it."""
        return f"object {quoted(self.key)} from bucket {quoted(self.bucket)}"

    def hint(self) -> str:
        """The region to begin with; empty where the URL does not say."""
        return _HINTS.get(self.partition, "")

    def url(self, region: str) -> str:
        """The URL of the object, for a region that `is_label` accepts."""
        version = f"?versionId={_quoted(self.version, '')}" if self.version else ""
        return f"{self._base(region)}/{_path(self.key)}{version}"

    def bucket_url(self, region: str) -> str:
        """The URL of the bucket itself."""
        return self._base(region) + "/"

    def _base(self, region: str) -> str:
        # Dual-stack hosts have both kinds of addresses; the plain ones have none for IPv6.
        service = "s3-accesspoint" if self.host else "s3"
        host = f"{service}.dualstack.{region}.{_domain(region)}"
        if self.host:
            return f"https://{self.host}.{host}"
        if is_label(self.bucket) and len(self.bucket) >= 3:
            return f"https://{self.bucket}.{host}"
        # The certificates hold for one label more: names with dots, and old ones with anything, stand in the
        # path.
        return f"https://{host}/{_quoted(self.bucket, '~')}"


def parse(parts: urls.Url, origin: Origin | None) -> S3Object:
    """The object that a URL names. Failure IGN4201 if it names none; validation lets some of these pass."""
    place = _of_arn(parts, origin) if parts.scheme == "arn" else _of_url(parts)
    if not place.bucket or not place.key:
        raise _no_object("no bucket" if not place.bucket else "no key in its bucket", parts, origin)
    return place


def is_label(text: str) -> bool:
    """Whether a text is one label of a host name, in lower case."""
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
        raise _no_object("no region, account and access point that there can be", parts, origin)
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
    """A key as the path of a URL, escaped as the signer expects it."""
    return _quoted(key, "/~")


def _quoted(text: str, safe: str) -> str:
    # Not for those who only want to know whether there is such a place.
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
