# SPDX-License-Identifier: Apache-2.0
"""The contents that a config gives to a file: inline, or as far as their checksum tells."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

from ignition.base.gunzip import Gunzip
from ignition.config import dataurl
from ignition.config.model import Resource

MAX_INLINE = 64 << 10
"""Bytes up to which text is expected as it is; beyond that its SHA-256 is."""
_MAX_DECOMPRESSED = 64 << 20


@dataclass(frozen=True)
class Body:
    """`data` is None for a remote resource, whose `sha256` may be known."""

    data: bytes | None = None
    sha256: str | None = None


def body_of(resource: Resource) -> Body | None:
    """The contents that a resource stands for; None if it has no source."""
    source = resource.source
    if source is None:
        return None
    if not source:
        return Body(b"")
    algorithm, _, checksum = (resource.verification.hash or "").partition("-")
    sha256 = checksum.lower() if algorithm == "sha256" else None
    if source[:5].lower() != "data:":
        return Body(None, sha256)
    try:
        data = dataurl.decode("data:" + source[5:])
        return Body(_gunzip(data) if resource.compression == "gzip" else data, sha256)
    except (ValueError, zlib.error):
        return Body(None, sha256)


def _gunzip(data: bytes) -> bytes:
    """The decompressed bytes. ValueError if they are incomplete or too many."""
    stream = Gunzip()
    out = bytearray()
    for chunk in stream.feed(data):
        out += chunk
        if len(out) > _MAX_DECOMPRESSED:
            raise ValueError("too large")
    if not stream.complete:
        raise ValueError("incomplete")
    return bytes(out)


def checksum(data: bytes) -> str:
    """The SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def is_shown(data: bytes, mode: int | None) -> bool:
    """Whether contents may be printed: short text that everybody on the machine may read, no private key."""
    if mode is not None and not mode & 0o004:
        return False
    if len(data) > MAX_INLINE or b"\0" in data or b"PRIVATE KEY" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
