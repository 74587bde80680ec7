# SPDX-License-Identifier: Apache-2.0
"""Resources: source, compression, headers and verification.

Contents and appended parts of files, referenced configs, certificate authorities and key files are resources.
Spec 3.0.0 has simpler types for them.
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
    hint="use gzip, or remove compression",
)
"""Only gzip is supported."""

HASH_WITHOUT_SOURCE = Rule(
    "IGN1302",
    "source must be specified if verification is specified",
    hint="set source (data:, for empty contents), or remove verification",
)
"""Without a source, the hash would never be verified. An empty source counts as set."""

HEADERS_NEED_HTTP = Rule(
    "IGN1303",
    "cannot use HTTP headers with this source scheme",
    hint="use an http or https source, or remove httpHeaders",
)
"""Other schemes cannot send headers, so a credential in them would silently have no effect."""

NO_HEADER_NAME = Rule(
    "IGN1304",
    "HTTP header name can't be empty",
    hint="set the name of the header",
)
"""Every header has a name."""

EMPTY_HEADER_VALUE = Rule(
    "IGN1305",
    "unable to parse HTTP header",
    hint="set a value; to remove the header in a merge, omit the value member",
)
"""An empty value is not valid. A header without the member removes an inherited header."""

HASH_MALFORMED = Rule(
    "IGN1306",
    "malformed hash specifier",
    hint="write the hash function, a hyphen and the hexadecimal checksum",
)
"""A hash starts with the name of its function."""

HASH_UNKNOWN = Rule(
    "IGN1307",
    "unrecognized hash function",
    hint="use sha512, or in spec 3.1.0 and newer sha256, in lower case",
)
"""SHA-512 is supported, and since 3.1.0 SHA-256."""

HASH_WRONG_SIZE = Rule(
    "IGN1308",
    "incorrect size for hash sum",
    hint="a sha512 checksum has 128 hexadecimal digits, a sha256 checksum has 64",
)
"""A checksum of the wrong length can never match. The digits themselves are not checked."""


_DIGITS = {"sha512": 128, "sha256": 64}


def check_resource(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """Checks a resource with its headers and verification; in spec 3.0.0, the contents of a file."""
    source = value.get("source", "")
    if value.get("compression", "") not in ("", "gzip"):
        yield INVALID_COMPRESSION.at("compression")
    if "verification" in value and "hash" in value["verification"] and "source" not in value:
        yield HASH_WITHOUT_SOURCE.at("verification", "hash")
    if source and (rule := check_source(source, minor)):
        yield rule.at("source")
    if headers := value.get("httpHeaders"):
        yield from _check_headers(headers, source)
    if "verification" in value:
        yield from _check_verification(value["verification"], minor)


def check_reference(value: dict[str, Any]) -> Iterator[RuleFinding]:
    """Checks a referenced config of spec 3.0.0, where the source is optional."""
    if (source := value.get("source")) and (rule := check_source(source, 0)):
        yield rule.at("source")
    yield from _check_verification(value.get("verification", {}), 0)


def check_ca_reference(value: dict[str, Any]) -> Iterator[RuleFinding]:
    """Checks a certificate authority of spec 3.0.0, where the source is required."""
    if rule := check_source(value.get("source", ""), 0):
        yield rule.at("source")
    yield from _check_verification(value.get("verification", {}), 0)


def _check_headers(headers: list[dict[str, Any]], source: str) -> Iterator[RuleFinding]:
    rule = check_http_url(source, HEADERS_NEED_HTTP) if source else INVALID_URL
    if rule:
        yield rule.at("httpHeaders")
    for index, header in enumerate(headers):
        if not header.get("name"):
            yield NO_HEADER_NAME.at("httpHeaders", index, "name")
        if header.get("value") == "":
            yield EMPTY_HEADER_VALUE.at("httpHeaders", index, "value")


def _check_verification(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    if "hash" in value and (rule := _check_hash(value["hash"], minor)):
        yield rule.at("verification", "hash")


def _check_hash(text: str, minor: int) -> Rule | None:
    function, hyphen, digits = text.partition("-")
    if not hyphen:
        return HASH_MALFORMED
    if function not in _DIGITS or (function == "sha256" and minor < 1):
        return HASH_UNKNOWN
    return None if len(digits.encode()) == _DIGITS[function] else HASH_WRONG_SIZE
