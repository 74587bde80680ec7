# SPDX-License-Identifier: Apache-2.0
"""Contents of data URLs that the engine would reject in the middle of a boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.errors import Failure
from ignition.base.finding import ERROR
from ignition.config import x509
from ignition.lint.rule import LintRule
from ignition.lint.subject import Body, inline_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

HASH_MISMATCH = LintRule(
    "IGN1876",
    "the contents do not match verification.hash",
    hint="hash the decompressed contents, for example with sha512sum",
    severity=ERROR,
)
"""The engine verifies the hash when it writes the contents, and fails the boot on a mismatch. The hash is
computed over the decompressed bytes."""

NOT_GZIP = LintRule(
    "IGN1877",
    "compression is gzip, but the contents are not gzip data or are truncated",
    hint="compress the contents with gzip before encoding them, or remove compression",
    severity=ERROR,
)
"""The engine cannot decompress the contents, and fails the boot."""

UNDECLARED_GZIP = LintRule(
    "IGN1878",
    "the contents are gzip data, but compression is not set",
    hint='set compression to "gzip" to write the file decompressed',
)
"""The file is written as is, still compressed. Files with the suffix of a compressed format (`.gz`, `.tgz`,
`.img` and others) are not reported."""

INVALID_CERTIFICATE = LintRule(
    "IGN1992",
    "not a PEM certificate",
    hint="use one or more PEM certificates, with nothing after the last one",
    severity=ERROR,
)
"""The engine loads the certificate authorities before it fetches anything, and fails the boot if one cannot
be parsed. Text before a certificate is a comment; text after the last one is an error."""

LIMIT_EXCEEDED = LintRule(
    "IGN1998",
    "exceeds the limits of the engine, which keeps configs in memory",
    hint="move large contents to files with a remote source, which have no limit",
    severity=ERROR,
)
"""A config, certificate or key may have up to 64 MiB after decompression. Referenced configs may be nested 64
levels deep, and there may be 4096 in total."""

_GZIP = b"\x1f\x8b\x08"
_COMPRESSED_NAMES = (
    ".gz",
    ".tgz",
    ".gzip",
    ".img",
    ".svgz",
    ".cpio",
    ".z",
    ".Z",
    ".db",
    ".dat",
    ".bin",
)


def check(subject: Subject) -> Iterator[Violation]:
    for file in subject.files:
        for body in file.bodies:
            yield from _body(body)
            if (
                body.raw.startswith(_GZIP)
                and not body.compressed
                and not file.target.endswith(_COMPRESSED_NAMES)
            ):
                yield UNDECLARED_GZIP.at((*body.path, "source"))
    for resource, path in (*subject.references, *subject.key_files, *subject.authorities):
        found = inline_body(resource, path)
        if found is not None:
            yield from _body(found)
            if found.data is None and not found.damaged:
                yield LIMIT_EXCEEDED.at((*path, "source"))
    for resource, path in subject.authorities:
        found = inline_body(resource, path)
        if found is not None and found.data is not None:
            yield from _authorities(found.data, path)


def _authorities(data: bytes, path: Path) -> Iterator[Violation]:
    try:
        x509.common_names(x509.parse_certificates(data, None), None)
    except Failure as failure:
        yield INVALID_CERTIFICATE.at((*path, "source"), failure.text, failure.hint)


def _body(body: Body) -> Iterator[Violation]:
    if body.damaged:
        yield NOT_GZIP.at((*body.path, "compression"))
    wanted = body.resource.get("verification", {}).get("hash", "")
    if wanted and body.data is not None and not _matches(body.data, wanted):
        yield HASH_MISMATCH.at((*body.path, "verification", "hash"))


def _matches(data: bytes, wanted: str) -> bool:
    import hashlib

    name, _, digits = wanted.partition("-")
    if name not in ("sha256", "sha512"):
        return True
    return hashlib.new(name, data).hexdigest() == digits.lower()
