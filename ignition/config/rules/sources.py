# SPDX-License-Identifier: Apache-2.0
"""URLs that contents, configs, certificates and keys come from.

http, https, tftp, s3 and data in all spec versions; gs since 3.2.0, arn since 3.4.0.
"""

from __future__ import annotations

from ignition.config import dataurl, urls
from ignition.config.rules.rule import Rule

INVALID_URL = Rule(
    "IGN1111",
    "unable to parse url",
    hint="check the host, the port and every % of the URL; blanks and control characters are not allowed",
)
"""URLs are read as Go's net/url reads them."""

INVALID_SCHEME = Rule(
    "IGN1112",
    "invalid url scheme",
    hint="use http, https, tftp, s3, gs (3.2.0 and later), arn (3.4.0 and later) or data",
)
"""Each scheme has its way of fetching; there is none for others, nor for a path without a scheme."""

INVALID_VERSION_ID = Rule(
    "IGN1113",
    "invalid S3 object VersionId",
    hint="give versionId a value, or leave it out for the newest version of the object",
)
"""An empty version id would ask S3 for a version that cannot exist."""

INVALID_ARN = Rule(
    "IGN1114",
    "invalid S3 ARN format",
    hint="write arn:PARTITION:s3:::BUCKET/KEY or arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME/object/KEY",
)
"""An ARN must name an object in S3, in a bucket or behind an access point."""

INVALID_DATA_URL = Rule(
    "IGN1115",
    "invalid data url",
    hint="write data:,TEXT with other than plain ASCII as %XX, or data:;base64,TEXT",
)
"""Data URLs are decoded when the config is checked, so that no boot ends at a bad one."""

# No URL with one of these prefixes is refused as a URL if its data are in order: all that follows the
# scheme is opaque, and no control character, # or bad escape is possible.
_ORDINARY_DATA = ("data:,", "data:;base64,")
_ACCESS_POINT = "accesspoint/"


def check_source(source: str, minor: int) -> Rule | None:
    """The rule that a non-empty source breaks in spec 3.`minor`; the first one counts."""
    if source.startswith(_ORDINARY_DATA) and not dataurl.check(source):
        return None
    try:
        url = urls.parse(source)
    except urls.UrlError:
        return INVALID_URL
    if url.scheme == "data":
        problem = dataurl.check(source)
        return INVALID_DATA_URL.with_message(problem) if problem else None
    if url.scheme == "s3":
        return _version_id_fault(url)
    if url.scheme == "arn" and minor >= 4:
        return _arn_fault(url)
    if url.scheme in ("http", "https", "tftp") or (url.scheme == "gs" and minor >= 2):
        return None
    return INVALID_SCHEME


def check_http_url(text: str, wrong_scheme: Rule) -> Rule | None:
    """The rule that a URL breaks which must be http or https."""
    try:
        scheme = urls.parse(text).scheme
    except urls.UrlError:
        return INVALID_URL
    return None if scheme in ("http", "https") else wrong_scheme


def _version_id_fault(url: urls.Url) -> Rule | None:
    ids = urls.query_values(url.raw_query, "versionId")
    return INVALID_VERSION_ID if ids and not ids[0] else None


def _arn_fault(url: urls.Url) -> Rule | None:
    arn = f"arn:{url.opaque}"
    fields = arn.split(":", 5)
    if len(fields) < 6 or fields[2] != "s3" or "/" not in arn:
        return INVALID_ARN
    if fields[5].startswith(_ACCESS_POINT) and arn.count("/") < 2:
        return INVALID_ARN
    return _version_id_fault(url)
