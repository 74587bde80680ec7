# SPDX-License-Identifier: Apache-2.0
"""Resources: what is fetched, how it is unpacked and verified.

Contents and appended parts of files, referenced configs, certificate authorities, key files. Spec 3.0.0 has
plainer types in their place.
"""

from __future__ import annotations

from ignition.config.rules.rule import Rule
from ignition.config.rules.sources import INVALID_URL, check_http_url, check_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding

INVALID_COMPRESSION = Rule(
    "IGN1301",
    "invalid compression method",
    hint="use gzip, or leave compression out",
)
"""Nothing but gzip can be unpacked."""

HASH_WITHOUT_SOURCE = Rule(
    "IGN1302",
    "source must be specified if verification is specified",
    hint="give a source (data:, for empty contents), or leave verification out",
)
"""A hash of nothing would never be checked. An empty source counts as given."""

HEADERS_NEED_HTTP = Rule(
    "IGN1303",
    "cannot use HTTP headers with this source scheme",
    hint="use an http or https source, or leave httpHeaders out",
)
"""Other schemes have no way to send headers; a credential in them would silently stay unused."""

NO_HEADER_NAME = Rule(
    "IGN1304",
    "HTTP header name can't be empty",
    hint="name the header",
)
"""A header needs a name."""

EMPTY_HEADER_VALUE = Rule(
    "IGN1305",
    "unable to parse HTTP header",
    hint="give the header a value; without the value member it removes the header in a merge",
)
"""An empty value is none. A header without any value stands for the removal of an inherited one."""

HASH_MALFORMED = Rule(
    "IGN1306",
    "malformed hash specifier",
    hint="write the function, a hyphen and the hexadecimal sum",
)
"""A hash names its function."""

HASH_UNKNOWN = Rule(
    "IGN1307",
    "unrecognized hash function",
    hint="use sha512, or since 3.1.0 sha256, in lower case",
)
"""Only SHA-512, and since 3.1.0 SHA-256, are supported."""

HASH_WRONG_SIZE = Rule(
    "IGN1308",
    "incorrect size for hash sum",
    hint="a sha512 sum has 128 hexadecimal digits, a sha256 sum has 64",
)
"""A sum of the wrong length can never match. Its digits are not looked at."""


_DIGITS = {"sha512": 128, "sha256": 64}


def check_resource(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """A resource with its headers and verification; in spec 3.0.0 the contents of a file."""
    source = value.get("source", "")
    if value.get("compression", "") not in ("", "gzip"):
        yield INVALID_COMPRESSION.at("compression")
    if "verification" in value and "hash" in value["verification"] and "source" not in value:
        yield HASH_WITHOUT_SOURCE.at("verification", "hash")
    if source and (fault := check_source(source, minor)):
        yield fault.at("source")
    if headers := value.get("httpHeaders"):
        yield from _headers(headers, source)
    if "verification" in value:
        yield from _verification(value["verification"], minor)


def check_reference(value: dict[str, Any]) -> Iterator[RuleFinding]:
    """A referenced config of spec 3.0.0, which needs no source."""
    if (source := value.get("source")) and (fault := check_source(source, 0)):
        yield fault.at("source")
    yield from _verification(value.get("verification", {}), 0)


def check_ca_reference(value: dict[str, Any]) -> Iterator[RuleFinding]:
    """A certificate authority of spec 3.0.0, which needs a source."""
    if fault := check_source(value.get("source", ""), 0):
        yield fault.at("source")
    yield from _verification(value.get("verification", {}), 0)


def _headers(headers: list[dict[str, Any]], source: str) -> Iterator[RuleFinding]:
    fault = check_http_url(source, HEADERS_NEED_HTTP) if source else INVALID_URL
    if fault:
        yield fault.at("httpHeaders")
    for index, header in enumerate(headers):
        if not header.get("name"):
            yield NO_HEADER_NAME.at("httpHeaders", index, "name")
        if header.get("value") == "":
            yield EMPTY_HEADER_VALUE.at("httpHeaders", index, "value")


def _verification(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    if "hash" in value and (fault := _hash_fault(value["hash"], minor)):
        yield fault.at("verification", "hash")


def _hash_fault(text: str, minor: int) -> Rule | None:
    function, hyphen, digits = text.partition("-")
    if not hyphen:
        return HASH_MALFORMED
    if function not in _DIGITS or (function == "sha256" and minor < 1):
        return HASH_UNKNOWN
    return None if len(digits.encode()) == _DIGITS[function] else HASH_WRONG_SIZE
