# SPDX-License-Identifier: Apache-2.0
"""Incremental gzip decompression in linear time."""

from __future__ import annotations

import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_SIZE = 1 << 20
"""Most decompressed bytes per chunk, so that a small body cannot exhaust the memory."""

_GZIP = 16 + zlib.MAX_WBITS
# zlib copies the input that it does not consume. Small portions keep that copy small when a file has many
# short members.
_MIN_PORTION, _MAX_PORTION = 1 << 10, 1 << 16


class Gunzip:
    """One gzip file with one or more members (RFC 1952, section 2.2)."""

    __slots__ = ("_portion", "_stream")

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._stream = zlib.decompressobj(_GZIP)
        self._portion = _MIN_PORTION

    @property
    def complete(self) -> bool:
        """Whether the input so far is a complete file."""
        return self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompresses the next bytes of the file. zlib.error if they are not gzip."""
        at = 0
        while at < len(data):
            if self._stream.eof:
                self._begin()
            given = data[at : at + self._portion]
            at += len(given)
            self._portion = min(2 * self._portion, _MAX_PORTION)
            more = True
            while more:
                chunk = self._stream.decompress(given, CHUNK_SIZE)
                if chunk:
                    yield chunk
                given = self._stream.unconsumed_tail
                # After a full chunk zlib may hold more output, even with all input consumed.
                more = not self._stream.eof and (bool(given) or len(chunk) == CHUNK_SIZE)
            at -= len(self._stream.unused_data)
