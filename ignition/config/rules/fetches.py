# SPDX-License-Identifier: Apache-2.0
"""Sources that are valid in the specs but can never be fetched.

Ignition accepts such configs, then fails or retries for ever when it fetches the resource, so validation
accepts them here too. Lint reports them, and every phase refuses the config before it starts.
"""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config import urls
    from ignition.config.rules.rule import RuleFinding

    Path = tuple[str | int, ...]

NO_REQUEST = Rule(
    "IGN1993",
    "nothing can be fetched from this URL",
    hint="write https://HOST/PATH, tftp://HOST/PATH, s3://BUCKET/KEY, arn:PARTITION:s3:::BUCKET/KEY or "
    "gs://BUCKET/OBJECT",
)
"""The URL is syntactically valid but lacks a part that the request needs: a host, a port below 65536, a
bucket or the name of an object. The ARN of an access point also needs the region, the account and
`/object/KEY`."""

PACKED_OBJECT = Rule(
    "IGN1994",
    "compression is not supported for S3 objects",
    hint="remove compression, or use https",
)
"""Ignition does not support it either, and fails when it fetches the object."""

NOT_HEXADECIMAL = Rule(
    "IGN1996",
    "the checksum contains characters other than hexadecimal digits",
    hint="use the first column of the output of sha512sum",
)
"""Validation only checks the length of a checksum. No content can have this one."""

_HEXADECIMAL = "0123456789abcdefABCDEF"
_BUCKETS = ("s3", "arn")


def check(config: dict[str, Any]) -> Iterator[RuleFinding]:
    """Findings for the contents of files and the key files of a config."""
    storage = config.get("storage") or {}
    for index, file in enumerate(storage.get("files") or ()):
        contents, append = file.get("contents"), file.get("append")
        if contents and not _is_ordinary(contents):
            yield from check_resource(contents, ("storage", "files", index, "contents"))
        for number, part in enumerate(append or ()):
            if not _is_ordinary(part):
                yield from check_resource(part, ("storage", "files", index, "append", number))
    for index, volume in enumerate(storage.get("luks") or ()):
        if volume.get("keyFile"):
            yield from check_resource(volume["keyFile"], ("storage", "luks", index, "keyFile"))


def _is_ordinary(value: dict[str, Any]) -> bool:
    """A quick test for resources without problems, since a config may have ten thousand."""
    return value.get("verification") is None and (value.get("source") or "data:")[:5] == "data:"


def check_resource(value: dict[str, Any], path: Path) -> Iterator[RuleFinding]:
    """Findings for one resource."""
    source = value.get("source")
    if not source:
        return  # nothing is fetched or verified
    digits = ((value.get("verification") or {}).get("hash") or "").partition("-")[2]
    if digits.strip(_HEXADECIMAL):
        yield NOT_HEXADECIMAL.at(*path, "verification", "hash")
    if source[:5] == "data:":
        return
    from ignition.config import urls  # imported late: most configs use only data URLs

    try:
        url = urls.parse(source)
    except urls.UrlError:
        return  # reported by INVALID_URL
    problem = _request_problem(url)
    if problem:
        yield NO_REQUEST.with_message(f"{NO_REQUEST.message}: {problem}").at(*path, "source")
    if url.scheme in _BUCKETS and value.get("compression") == "gzip":
        yield PACKED_OBJECT.at(*path, "compression")


def _request_problem(url: urls.Url) -> str:
    """Why no request is possible for a URL, "" if one is."""
    if url.scheme in _BUCKETS:
        from ignition.config import s3_location

        try:
            s3_location.parse(url, None)
        except Failure as failure:
            return failure.text.partition(":")[0]
    if url.scheme == "gs":
        if not url.host:
            return "it names no bucket"
        return "" if url.path.strip("/") else "it names no object in its bucket"
    if url.scheme in ("http", "https", "tftp"):
        if not url.hostname():
            return "it has no host"
        port = url.port()
        if port and (len(port) > 5 or not 0 < int(port) < 65536):
            return f"{port[:10]} is not a port"
        if url.scheme == "tftp" and "%00" in url.path:
            return "its path has a NUL byte"
    return ""
