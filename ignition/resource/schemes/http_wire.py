# SPDX-License-Identifier: Apache-2.0
"""Parses response heads, chunk sizes and trailers the way Go's net/http does, which Ignition uses.

http.client differs: it accepts `0x20` and `+20` as a chunk size, a chunk without its end, and a header line
without a colon as the end of the headers; it refuses more than 100 headers; and its timeout applies to each
read, so a server that sends one byte now and then can hold it for ever.
"""

from __future__ import annotations

import http.client
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Headers = list[tuple[str, str]]

# Limits in bytes: a response head including provisional responses; a chunk size line or a trailer.
MAX_HEAD = 10 << 20
MAX_LINE = 4096
_MAX_SIZE_DIGITS = 16  # digits
_BLANKS = b" \t"
_HEX = b"0123456789abcdefABCDEF"


class LineReader:
    """Reads lines from `file`, the buffered reader of `connection`: at most `limit` bytes, within `seconds`
    in all (None = no time limit). `started`: something has been received."""

    def __init__(
        self, file: Any, limit: int, connection: Any = None, *, seconds: float | None = None
    ) -> None:
        self._file = file
        self._left = limit
        self._connection = connection
        self._end = 0.0 if seconds is None else time.monotonic() + seconds
        self._complete_lines = 0
        self.started = False

    def next(self) -> bytes:
        """The next line with its line end. Raises IncompleteRead at the end of the connection, LineTooLong
        beyond the limit, TimeoutError."""
        parts: list[bytes] = []
        while not self._complete_lines:
            seen = self._peek()
            self._complete_lines = seen.count(b"\n")
            if not self._complete_lines:
                parts.append(self._count(self._file.read(len(seen))))
        self._complete_lines -= 1
        parts.append(self._count(self._file.readline()))
        return b"".join(parts)

    def _peek(self) -> bytes:
        """The buffered bytes, after at most one read of the connection. `readline` would go on reading as
        long as bytes trickle in."""
        if self._end:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
        seen: bytes = self._file.peek(1)
        if not seen:
            raise http.client.IncompleteRead(b"")
        self.started = True
        return seen

    def _count(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise http.client.LineTooLong("head")
        return piece


def read_head(lines: LineReader) -> tuple[int, int, str, Headers]:
    """Version (10 or 11), status, phrase and headers of the first response that is not provisional.

    Raises BadStatusLine or HTTPException if it is not HTTP, RemoteDisconnected if nothing was received.
    """
    while True:
        try:
            line = lines.next()
        except http.client.IncompleteRead as error:
            if lines.started:
                raise
            raise http.client.RemoteDisconnected("") from error
        version, status, phrase = _parse_status_line(line)
        found = read_headers(lines)
        if not 100 <= status < 200 or status == http.client.SWITCHING_PROTOCOLS:
            return version, status, phrase, found


def read_headers(lines: LineReader) -> Headers:
    """Names and values up to the empty line. A line that starts with a blank continues the previous one."""
    found: list[tuple[bytes, list[bytes]]] = []
    while line := _strip_newline(lines.next()):
        if line[:1] in (b" ", b"\t"):
            if not found:
                raise http.client.HTTPException("headers begin with a blank")
            found[-1][1].append(line.strip(_BLANKS))
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            raise http.client.HTTPException("a header has no colon")
        found.append((name, [value.strip(_BLANKS)]))
    return [
        (name.decode("latin-1"), b" ".join(value).strip(_BLANKS).decode("latin-1"))
        for name, value in found
        if name
    ]


def read_chunk_size(file: Any) -> int:
    """Reads the size line of a chunk; 0 marks the end of the body, and a trailer follows."""
    line = LineReader(file, MAX_LINE).next().rstrip(b" \t\r\n")
    digits = line.partition(b";")[0]
    if not digits or digits.strip(_HEX) or len(digits) > _MAX_SIZE_DIGITS:
        raise http.client.HTTPException("the size of a chunk is no number")
    return int(digits, 16)


def read_chunk_end(file: Any) -> None:
    """Reads the line end that must follow the data of a chunk."""
    if file.read(2) != b"\r\n":
        raise http.client.HTTPException("a chunk is longer than announced")


def skip_trailer(file: Any) -> None:
    """Reads and drops the trailer after the last chunk."""
    read_headers(LineReader(file, MAX_LINE))


def parse_length(text: str) -> int | None:
    """Parses a length from a header; None if it is not a decimal number below 2^63."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    # int() refuses strings of thousands of digits.
    found = int(digits[:20])
    return found if found < 1 << 63 else None


def _parse_status_line(line: bytes) -> tuple[int, int, str]:
    text = _strip_newline(line).decode("latin-1")
    version, blank, rest = text.partition(" ")
    status, _, phrase = rest.lstrip(" ").partition(" ")
    dotted = version[:5] == "HTTP/" and len(version) == 8 and version[6] == "."
    if not (blank and dotted and _is_number(version[5] + version[7])):
        raise http.client.BadStatusLine(text)
    if not (len(status) == 3 and _is_number(status)):
        raise http.client.BadStatusLine(text)
    return (10 if version < "HTTP/1.1" else 11), int(status), phrase.strip()


def _strip_newline(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
