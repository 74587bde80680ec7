# SPDX-License-Identifier: Apache-2.0
"""Content in data URLs that the engine is going to refuse when it comes to it, in the middle of a boot."""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.base.finding import ERROR
from ignition.config import x509
from ignition.lint.rule import LintRule
from ignition.lint.subject import Body, inline_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

HASH_MISMATCH = LintRule(
    "IGN1876",
    "the content does not have this hash",
    hint="take the hash of the content after decompression, with sha512sum",
    severity=ERROR,
)
"""The engine checks the hash when it writes the content, and fails the boot then. The hash is that of the
decompressed bytes."""

NOT_GZIP = LintRule(
    "IGN1877",
    "compression says gzip, but the content is not, or is cut off",
    hint="compress the content with gzip before it is encoded, or leave compression out",
    severity=ERROR,
)
"""The engine fails the boot when it cannot decompress the content."""

UNDECLARED_GZIP = LintRule(
    "IGN1878",
    "the content is compressed with gzip, and compression does not say so",
    hint='set compression to "gzip" if the file is to be written decompressed',
)
"""The file is written as it is, in compressed form. Files whose name ends as that of a compressed file
(`.gz`, `.tgz`, `.img`, ...) are not reported."""

INVALID_CERTIFICATE = LintRule(
    "IGN1992",
    "this is no certificate in PEM form",
    hint="give one or more certificates in PEM form, with nothing after the last",
    severity=ERROR,
)
"""The engine reads the certificate authorities before it fetches anything, and fails the boot where one
cannot be read. Text before a certificate is a comment; what follows the last one is not."""

TOO_LARGE = LintRule(
    "IGN1998",
    "too large for a boot: it is kept in memory",
    hint="let files fetch what is large: they have no limit",
    severity=ERROR,
)
"""Configs, certificates and keys may have 64 MiB once they are unpacked. Configs in configs may be 64 deep,
and 4096 in all."""

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
                yield TOO_LARGE.at((*path, "source"))
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
