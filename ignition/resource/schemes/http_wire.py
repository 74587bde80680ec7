# SPDX-License-Identifier: Apache-2.0
"""What stands on the wire before, between and after the bytes of a body: heads, sizes of chunks, trailers.

Read as Go's library reads them, which Ignition is built on, so that the same servers can be used. Python's
own reader takes `0x20` or `+20` for the size of a chunk, a chunk for whole whose end is missing, and a line
without a colon for the end of the headers; it refuses more than 100 headers. And it waits for ever, if only
a byte comes now and then.
"""

from __future__ import annotations

import http.client
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Headers = list[tuple[str, str]]

# Bytes of all headers of one answer, provisional answers included; and those of the line with the size of a
# chunk, and of a trailer.
MAX_HEAD = 10 << 20
MAX_LINE = 4096
_MAX_SIZE_DIGITS = 16  # digits
_BLANKS = b" \t"
_HEX = b"0123456789abcdefABCDEF"


class LineReader:
    """The next lines of a connection, at most so many bytes of them, until a time of the monotonic clock (0 =
    for ever). `file` is the buffered reader of `connection`."""

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
        """A line with its end. Raises IncompleteRead for a line that has none, LineTooLong for too many
        bytes, TimeoutError."""
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
        """What is here, without taking it: one read of the connection at limit, where readline would read on
        for as long as bytes come."""
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
    """Version (10 or 11), status, phrase and headers of the first answer that is not provisional.

    Raises BadStatusLine or HTTPException for what is not HTTP, RemoteDisconnected where nothing comes.
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
    """Names and values up to the empty line. A line that begins with a blank goes on with the one before."""
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
    """How many bytes come next; 0 for the end of the body, after which a trailer comes."""
    line = LineReader(file, MAX_LINE).next().rstrip(b" \t\r\n")
    digits = line.partition(b";")[0]
    if not digits or digits.strip(_HEX) or len(digits) > _MAX_SIZE_DIGITS:
        raise http.client.HTTPException("the size of a chunk is no number")
    return int(digits, 16)


def read_chunk_end(file: Any) -> None:
    """What must follow the bytes of a chunk."""
    if file.read(2) != b"\r\n":
        raise http.client.HTTPException("a chunk is longer than announced")


def skip_trailer(file: Any) -> None:
    """Passes over what comes after the last chunk."""
    read_headers(LineReader(file, MAX_LINE))


def parse_length(text: str) -> int | None:
    """A length as headers write it; None for what is none, or more than any body has."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    # Python refuses to read thousands.
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
