# SPDX-License-Identifier: Apache-2.0
"""Source URLs of contents, configs, certificates and keys.

http, https, tftp, s3 and data are allowed in all spec versions, gs since 3.2.0, arn since 3.4.0.
"""

from __future__ import annotations

from ignition.config import dataurl, urls
from ignition.config.rules.rule import Rule

INVALID_URL = Rule(
    "IGN1111",
    "unable to parse url",
    hint="check host, port and every % of the URL; spaces and control characters are not allowed",
)
"""URLs are parsed as by Go's net/url."""

INVALID_SCHEME = Rule(
    "IGN1112",
    "invalid url scheme",
    hint="use http, https, tftp, s3, gs (3.2.0 and later), arn (3.4.0 and later) or data",
)
"""Ignition cannot fetch from other schemes, or from a path without a scheme."""

INVALID_VERSION_ID = Rule(
    "IGN1113",
    "invalid S3 object VersionId",
    hint="set versionId to a value, or remove it to get the newest version of the object",
)
"""S3 objects never have an empty version id."""

INVALID_ARN = Rule(
    "IGN1114",
    "invalid S3 ARN format",
    hint="write arn:PARTITION:s3:::BUCKET/KEY or arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME/object/KEY",
)
"""An ARN must name an S3 object, in a bucket or behind an access point."""

INVALID_DATA_URL = Rule(
    "IGN1115",
    "invalid data url",
    hint="write data:,TEXT with special characters as %XX, or data:;base64,TEXT",
)
"""Validation decodes data URLs, so that an invalid one is found before the machine boots."""

# With one of these prefixes, valid data imply a valid URL: the rest is opaque, and valid data contain no
# control character, # or invalid escape.
_ORDINARY_DATA = ("data:,", "data:;base64,")
_ACCESS_POINT = "accesspoint/"


def check_source(source: str, minor: int) -> Rule | None:
    """The first rule of spec 3.`minor` that a non-empty source violates, or None."""
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
        return _check_version_id(url)
    if url.scheme == "arn" and minor >= 4:
        return _check_arn(url)
    if url.scheme in ("http", "https", "tftp") or (url.scheme == "gs" and minor >= 2):
        return None
    return INVALID_SCHEME


def check_http_url(text: str, wrong_scheme: Rule) -> Rule | None:
    """The rule that a URL violates if it must be http or https, or None."""
    try:
        scheme = urls.parse(text).scheme
    except urls.UrlError:
        return INVALID_URL
    return None if scheme in ("http", "https") else wrong_scheme


def _check_version_id(url: urls.Url) -> Rule | None:
    ids = urls.query_values(url.raw_query, "versionId")
    return INVALID_VERSION_ID if ids and not ids[0] else None


def _check_arn(url: urls.Url) -> Rule | None:
    arn = f"arn:{url.opaque}"
    fields = arn.split(":", 5)
    if len(fields) < 6 or fields[2] != "s3" or "/" not in arn:
        return INVALID_ARN
    if fields[5].startswith(_ACCESS_POINT) and arn.count("/") < 2:
        return INVALID_ARN
    return _check_version_id(url)
