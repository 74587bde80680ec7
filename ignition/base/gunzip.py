# SPDX-License-Identifier: Apache-2.0
"""Unpacking gzip as it comes, in time that grows with its size and no faster."""

from __future__ import annotations

import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_SIZE = 1 << 20
"""What is unpacked comes in pieces of at most this size, so that a small body cannot fill the memory."""

_GZIP = 16 + zlib.MAX_WBITS
# zlib copies what it is given and does not use. So little at once keeps that small: the next member of a file
# may begin after a few bytes.
_LEAST, _MOST = 1 << 10, 1 << 16


class Gunzip:
    """One gzip file, of one or more members in a row (RFC 1952, 2.2)."""

    __slots__ = ("_portion", "_stream")

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._stream = zlib.decompressobj(_GZIP)
        self._portion = _LEAST

    @property
    def whole(self) -> bool:
        """Whether what came so far is a whole file."""
        return self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpacks the next bytes of the file. zlib.error for what is not gzip."""
        at = 0
        while at < len(data):
            if self._stream.eof:
                self._begin()
            given = data[at : at + self._portion]
            at += len(given)
            self._portion = min(2 * self._portion, _MOST)
            more = True
            while more:
                piece = self._stream.decompress(given, CHUNK_SIZE)
                if piece:
                    yield piece
                given = self._stream.unconsumed_tail
                # A full piece may not have been all that the input held, even if that is used up.
                more = not self._stream.eof and (bool(given) or len(piece) == CHUNK_SIZE)
            at -= len(self._stream.unused_data)
