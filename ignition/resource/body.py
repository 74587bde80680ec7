# SPDX-License-Identifier: Apache-2.0
"""Decompresses a body, hashes it and writes it to its destination, in one pass.

The hash covers the decompressed bytes. The body is complete and verified at the end, or the fetch fails.
"""

from __future__ import annotations

import os
import zlib

from ignition.base import digest
from ignition.base.errors import Failure
from ignition.resource.free_space import NO_SPACE_ERRNOS, FreeSpace, no_space
from ignition.resource.sizes import format_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ignition.base.gunzip import Gunzip
    from ignition.base.origin import Origin

    class Destination(Protocol):
        """Where the bytes of a body go."""

        def restart(self, *, decompressed: bool) -> None:
            """Discards everything written so far. `decompressed`: the size of the body is unknown."""

        def expect(self, size: int) -> None:
            """Failure if a body of `size` bytes does not fit."""

        def write(self, data: bytes) -> None: ...


# Configs, certificates and keys are kept in memory. A real one is far smaller.
MEMORY_LIMIT = 64 * 1024 * 1024


class MemoryDestination:
    """Collects a body in memory, up to a limit."""

    __slots__ = ("_limit", "_name", "_origin", "data")

    def __init__(self, name: str, origin: Origin | None, limit: int = MEMORY_LIMIT) -> None:
        self._name = name
        self._origin = origin
        self._limit = limit
        self.data = bytearray()

    def restart(self, *, decompressed: bool) -> None:
        self.data.clear()

    def expect(self, size: int) -> None:
        if size > self._limit:
            raise Failure(
                "IGN4008",
                f"{self._name} is larger than {format_size(self._limit)}",
                self._origin,
                hint="only the contents of a file may be larger",
            )

    def write(self, data: bytes) -> None:
        self.data += data
        self.expect(len(self.data))


class FileDestination:
    """Writes to an open file, from its current offset on. A decompressed body, whose size is unknown, may not
    fill the filesystem."""

    __slots__ = ("_fileno", "_free_space", "_name", "_origin", "_start")

    def __init__(self, fileno: int, name: str, origin: Origin | None) -> None:
        self._fileno = fileno
        self._name = name
        self._origin = origin
        self._start = os.lseek(fileno, 0, os.SEEK_CUR)
        self._free_space: FreeSpace | None = None

    def restart(self, *, decompressed: bool) -> None:
        self._free_space = (
            FreeSpace(self._fileno, self._name, self._origin) if decompressed else None
        )
        if os.lseek(self._fileno, 0, os.SEEK_CUR) != self._start:
            os.ftruncate(self._fileno, self._start)
            os.lseek(self._fileno, self._start, os.SEEK_SET)

    def expect(self, size: int) -> None:
        FreeSpace(self._fileno, self._name, self._origin).expect(size)

    def write(self, data: bytes) -> None:
        if self._free_space is not None:
            self._free_space.check(len(data))
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._fileno, rest) :]
        except OSError as error:
            if error.errno in NO_SPACE_ERRNOS:
                raise no_space(self._name, str(error.strerror).lower(), self._origin) from error
            raise Failure(
                "IGN4017",
                f"{self._name} cannot be written: {error.strerror}",
                self._origin,
                cause=error,
            ) from error


def decompress(data: bytes, name: str, origin: Origin | None) -> bytes:
    """The contents of a gzip file in memory, at most `MEMORY_LIMIT` bytes.

    Raises Failure IGN4009 for a broken file, IGN4008 for too much content."""
    memory = MemoryDestination(name, origin)
    body = Body(memory, name, origin, compression="gzip")
    body.write(data)
    body.end()
    return bytes(memory.data)


def decode_base64(data: bytes) -> bytes:
    """Decodes the standard alphabet with padding. CR and LF are ignored; anything else raises ValueError."""
    import binascii

    return binascii.a2b_base64(data.replace(b"\r", b"").replace(b"\n", b""), strict_mode=True)


class Body:
    """The bytes of one resource on their way to a destination.

    A scheme calls `begin` before each attempt that starts at the first byte, `expect` if it knows the size,
    and `write` for the data; an attempt that resumes an earlier one just writes on. The caller of the scheme
    calls `end`, which verifies the body. `verified`: the config gives a hash to verify.
    """

    __slots__ = (
        "_algorithm",
        "_compressed",
        "_destination",
        "_expected_digest",
        "_gunzip",
        "_hash",
        "_name",
        "_origin",
        "verified",
    )

    def __init__(
        self,
        destination: Destination,
        name: str,
        origin: Origin | None,
        *,
        compression: str | None = None,
        verification: str | None = None,
    ) -> None:
        """`name` stands for the resource in errors. `compression` is None, "" or "gzip". `verification` is
        `sha256-` or `sha512-` and hexadecimal digits of either case."""
        self._destination = destination
        self._name = name
        self._origin = origin
        if compression not in (None, "", "gzip"):
            raise Failure(
                "IGN4010", "invalid compression method", origin, hint="only gzip is known"
            )
        self._compressed = compression == "gzip"
        self._algorithm, self._expected_digest = _parse_verification(verification, origin)
        self.verified = bool(self._algorithm)
        self.begin()

    def begin(self, *, content_encoded: bool = False) -> None:
        """Starts over. `content_encoded`: the scheme decompresses the data before it writes them here."""
        self._destination.restart(decompressed=content_encoded or self._compressed)
        self._hash = digest.new(self._algorithm) if self._algorithm else None
        self._gunzip = _new_gunzip() if self._compressed else None

    @property
    def compressed(self) -> bool:
        """Whether the config declares the resource as compressed."""
        return self._compressed

    def expect(self, size: int) -> None:
        """Announces the size of the body as sent. Ignored if compressed: the final size is unknown."""
        if not self._compressed:
            self._destination.expect(size)

    def write(self, data: bytes) -> None:
        """Takes the next bytes as the source sent them."""
        if self._gunzip is None:
            self._deliver(data)
            return
        try:
            for piece in self._gunzip.feed(data):
                self._deliver(piece)
        except zlib.error as error:
            raise self._gzip_failure(str(error)) from error

    def end(self) -> None:
        """Verifies the complete body. Failure IGN4009 for broken gzip data, IGN4011 for a wrong hash."""
        if self._gunzip is not None and not self._gunzip.complete:
            raise self._gzip_failure("it ends too early")
        if self._hash is None:
            return
        found = self._hash.hexdigest()
        if found != self._expected_digest:
            raise Failure(
                "IGN4011",
                f"hash verification failed (calculated {found} but expected {self._expected_digest})",
                self._origin,
                hint=f"{self._name} has other contents than the config expects",
            )

    def _deliver(self, data: bytes) -> None:
        if data:
            self._destination.write(data)
            if self._hash is not None:
                self._hash.update(data)

    def _gzip_failure(self, why: str) -> Failure:
        return Failure(
            "IGN4009",
            f"{self._name} is not a whole gzip file: {why}",
            self._origin,
            hint="remove compression from the config, or compress the file again",
        )


def _parse_verification(verification: str | None, origin: Origin | None) -> tuple[str, str]:
    """Algorithm and digits of `verification.hash`. Refuses what config validation lets pass: bad digits."""
    if verification is None:
        return "", ""
    kind, dash, expected = verification.partition("-")
    if not dash:
        raise Failure("IGN4021", "malformed hash specifier", origin)
    if kind not in digest.HEX_DIGITS:
        raise Failure("IGN4021", "unrecognized hash function", origin)
    expected = expected.lower()
    if len(expected) != digest.HEX_DIGITS[kind] or expected.strip("0123456789abcdef"):
        raise Failure(
            "IGN4021", f"the {kind} sum is not {digest.HEX_DIGITS[kind]} hexadecimal digits", origin
        )
    return kind, expected


def _new_gunzip() -> Gunzip:
    from ignition.base.gunzip import Gunzip  # few bodies are compressed

    return Gunzip()
