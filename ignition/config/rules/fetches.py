# SPDX-License-Identifier: Apache-2.0
"""Sources that the specs allow and nothing can be fetched from, whatever the network is like.

As with `values`, the verdict on a config does not change: Ignition accepts these, and fails or tries for ever
when it comes to them. Lint reports them, and no phase begins with a config whose files can never come.
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
"""It has the form of a URL and lacks what a request is made of: a host, a port below 65536, a bucket, the
name of an object. Of an access point's ARN the region, the account and `/object/KEY` are needed too."""

PACKED_OBJECT = Rule(
    "IGN1994",
    "compression is not supported for objects of S3",
    hint="leave compression out, or serve the content by https",
)
"""As in Ignition, which refuses it when it comes to the object."""

NOT_HEXADECIMAL = Rule(
    "IGN1996",
    "the sum of a hash has other characters than hexadecimal digits",
    hint="paste what sha512sum prints, up to the blank",
)
"""Only the number of characters is looked at when a config is checked. No content can have such a sum."""

_HEXADECIMAL = "0123456789abcdefABCDEF"
_BUCKETS = ("s3", "arn")


def check(config: dict[str, Any]) -> Iterator[RuleFinding]:
    """What speaks against fetching the files and keys of a config."""
    storage = config.get("storage") or {}
    for index, file in enumerate(storage.get("files") or ()):
        contents, append = file.get("contents"), file.get("append")
        if contents and not _is_plain(contents):
            yield from check_resource(contents, ("storage", "files", index, "contents"))
        for number, part in enumerate(append or ()):
            if not _is_plain(part):
                yield from check_resource(part, ("storage", "files", index, "append", number))
    for index, volume in enumerate(storage.get("luks") or ()):
        if volume.get("keyFile"):
            yield from check_resource(volume["keyFile"], ("storage", "luks", index, "keyFile"))


def _is_plain(value: dict[str, Any]) -> bool:
    """Whether nothing can be wrong with a resource, seen quickly: there may be ten thousand."""
    return value.get("verification") is None and (value.get("source") or "data:")[:5] == "data:"


def check_resource(value: dict[str, Any], path: Path) -> Iterator[RuleFinding]:
    """What speaks against fetching one resource."""
    source = value.get("source")
    if not source:
        return  # nothing is fetched, and nothing held against a sum
    digits = ((value.get("verification") or {}).get("hash") or "").partition("-")[2]
    if digits.strip(_HEXADECIMAL):
        yield NOT_HEXADECIMAL.at(*path, "verification", "hash")
    if source[:5] == "data:":
        return
    from ignition.config import urls  # most configs carry all that their files hold

    try:
        url = urls.parse(source)
    except urls.UrlError:
        return  # a rule of its own
    why = _fault(url)
    if why:
        yield NO_REQUEST.with_message(f"{NO_REQUEST.message}: {why}").at(*path, "source")
    if url.scheme in _BUCKETS and value.get("compression") == "gzip":
        yield PACKED_OBJECT.at(*path, "compression")


def _fault(url: urls.Url) -> str:
    """Why nothing can be asked for, "" if something can."""
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
            return f"{port[:10]} is no port"
        if url.scheme == "tftp" and "%00" in url.path:
            return "its path has a NUL byte"
    return ""
