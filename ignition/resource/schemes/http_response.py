# SPDX-License-Identifier: Apache-2.0
"""Parses the head of a response and the end of its body as strictly as Ignition does.

Overrides http.client.HTTPResponse because Python accepts what Go refuses: a chunk size of `0x20` or `+20`, a
last chunk without its end, several different lengths. A broken body would pass for a complete one.
tests/unit/resource/test_http_wire.py lists the cases, tests/unit/acquisition/test_peer_wire.py compares them
with Ignition.
"""

from __future__ import annotations

import http.client

from ignition.resource.schemes import http_wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_head(file: Any, connection: Any) -> tuple[int, int, str, http_wire.Headers]:
    """Reads the head of a response. The timeout of the connection bounds the whole head, not each read."""
    lines = http_wire.LineReader(
        file, http_wire.MAX_HEAD, connection, seconds=connection.gettimeout()
    )
    return http_wire.read_head(lines)


_FRAMING = ("transfer-encoding", "content-length")


class StrictResponse(http.client.HTTPResponse):
    """A response whose head, chunks and trailer are parsed by `http_wire`.

    `ambiguous_length`: the headers give a length or encoding, but no valid one, so the body has no known end.
    """

    def __init__(self, sock: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self._connection = sock

    def begin(self) -> None:
        if self.headers is not None:
            return
        version, status, phrase, headers = read_head(self.fp, self._connection)
        self.version, self.reason = version, phrase
        self.code = self.status = status
        codings = [value for name, value in headers if name.lower() == "transfer-encoding"]
        self.chunked = version > 10 and [coding.lower() for coding in codings] == ["chunked"]
        # Keep only the header that determines the end of the body. Drop cookies: nobody uses them, and
        # requests needs 0.9 s to parse 20,000 of them; the 10 MiB of a head can hold twenty times as many.
        other = "transfer-encoding" if version == 10 else "content-length" if codings else ""
        unused = ("set-cookie", "set-cookie2", other)
        self.headers = self.msg = http.client.HTTPMessage()
        for name, value in headers:
            if name.lower() not in unused and (value or name.lower() != "content-length"):
                self.headers[name] = value
        self.chunk_left = None
        self.length = self._announced_length()
        self.ambiguous_length = (
            self.length is None
            and not self.chunked
            and any(self.headers.get(name) is not None for name in _FRAMING)
        )
        self.will_close = self._check_close() or (not self.chunked and self.length is None)

    def _announced_length(self) -> int | None:
        """The length of the body in bytes; None if the headers give none, or no valid one."""
        empty = self.status in (http.client.NO_CONTENT, http.client.NOT_MODIFIED)
        if empty or 100 <= self.status < 200 or self._method == "HEAD":  # type: ignore[attr-defined]
            return 0
        found = set(self.headers.get_all("content-length", ()))
        return http_wire.parse_length(found.pop()) if len(found) == 1 else None

    def _get_chunk_left(self) -> int | None:
        """Bytes left in the current chunk, or in the next one after its end; None at the end of the body."""
        if not self.chunk_left:
            if self.chunk_left is not None:
                http_wire.read_chunk_end(self.fp)
            self.chunk_left = http_wire.read_chunk_size(self.fp) or None
            if self.chunk_left is None:
                http_wire.skip_trailer(self.fp)
                self._close_conn()  # type: ignore[attr-defined]
        return self.chunk_left
