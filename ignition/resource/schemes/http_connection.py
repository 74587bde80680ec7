# SPDX-License-Identifier: Apache-2.0
"""Connections of the http scheme: how they are made, how an answer begins, and how a watch ends a wait."""

from __future__ import annotations

import errno
import http.client
import socket
import threading
import time

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ignition.resource.schemes import http_wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.resource.watch import Watch

# Seconds that an address of several is tried at least, as in Go's library.
_LEAST_SHARE = 2.0


class Exchange(threading.local):
    """What this thread waits for: the connections of a pool do not know who uses them.

    `target`: path and query for the request line. The library would rewrite those of the URL.
    """

    watch: Watch | None = None
    socket: Any = None
    target = ""


exchange = Exchange()


class NoConnection(OSError):
    """No address of the server answered in time."""


def _dial(host: str, port: int, seconds: float, source: Any, options: Any) -> socket.socket:
    """A connection to the first address that answers. Together they have so many seconds, each its share of
    what is left: one that leads nowhere must not use up the time of one that does."""
    end = time.monotonic() + seconds
    places = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    failed: OSError = NoConnection(errno.ETIMEDOUT, "no connection in time")
    for index, (family, kind, protocol, _, address) in enumerate(places):
        left = end - time.monotonic()
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            for option in options or ():
                connection.setsockopt(*option)
            connection.settimeout(min(left, max(_LEAST_SHARE, left / (len(places) - index))))
            if source:
                connection.bind(source)
            connection.connect(address)
            connection.settimeout(seconds)
            return connection
        except TimeoutError:
            connection.close()
        except OSError as error:
            failed = error
            connection.close()
    raise failed


def _hang_up(connection: Any) -> None:
    while not isinstance(connection, socket.socket):
        connection = getattr(connection, "socket", None)  # TLS inside TLS
        if connection is None:
            return
    try:
        # Not the method of a TLS socket, which would take the ground from under its reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        pass  # it is closed already


def _waits_on(connection: Any) -> None:
    watch = exchange.watch
    if watch is not None:
        watch.on_expiry(lambda: _hang_up(connection))


def _before_answer(connection: Any) -> None:
    """The request is out, the answer is not in yet."""
    exchange.socket = connection
    if hasattr(connection, "suppress_ragged_eofs"):  # TLS: an end that the server did not announce
        connection.suppress_ragged_eofs = False
    _waits_on(connection)
    try:
        # Some servers send headers and body apart; without this each such answer waits 40 ms for our delayed
        # acknowledgement. The kernel forgets it, so it is set for each request.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    except (AttributeError, OSError):
        pass


def _head(file: Any, connection: Any) -> tuple[int, int, str, http_wire.Headers]:
    """The head of an answer. The timeout of the connection is the time for all of it."""
    lines = http_wire.Lines(
        file, http_wire.MOST_OF_A_HEAD, connection, seconds=connection.gettimeout()
    )
    return http_wire.head(lines)


class _Answer(http.client.HTTPResponse):
    """An answer whose head, chunks and trailer are read by `http_wire`."""

    def begin(self) -> None:
        if self.headers is not None:
            return
        version, status, phrase, headers = _head(self.fp, exchange.socket)
        self.version, self.reason = version, phrase
        self.code = self.status = status
        codings = [value for name, value in headers if name.lower() == "transfer-encoding"]
        self.chunked = version > 10 and [coding.lower() for coding in codings] == ["chunked"]
        # Of the two that may say where the body ends, only the one that counts is left. Nobody wants cookies;
        # the library would take minutes for many.
        other = "transfer-encoding" if version == 10 else "content-length" if codings else ""
        unused = ("set-cookie", "set-cookie2", other)
        self.headers = self.msg = http.client.HTTPMessage()
        for name, value in headers:
            if name.lower() not in unused:
                self.headers[name] = value
        self.chunk_left = None
        self.length = self._announced()
        self.will_close = self._check_close() or (not self.chunked and self.length is None)

    def _announced(self) -> int | None:
        """The length of the body, None where the headers say none that can be believed."""
        empty = self.status in (http.client.NO_CONTENT, http.client.NOT_MODIFIED)
        if empty or 100 <= self.status < 200 or self._method == "HEAD":  # type: ignore[attr-defined]
            return 0
        found = set(self.headers.get_all("content-length", ()))
        return http_wire.number(found.pop()) if len(found) == 1 else None

    def _get_chunk_left(self) -> int | None:
        """How much of the present chunk is to come, of the next one where it is used up, None at the end."""
        if not self.chunk_left:
            if self.chunk_left is not None:
                http_wire.end_of_chunk(self.fp)
            self.chunk_left = http_wire.chunk_size(self.fp) or None
            if self.chunk_left is None:
                http_wire.trailer(self.fp)
                self._close_conn()  # type: ignore[attr-defined]
        return self.chunk_left


class _Connection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> Any:
        host = self._dns_host
        # The zone of a link-local address, as the system's resolver takes it.
        host = host.replace("%25", "%")
        seconds: Any = self.timeout
        connection = _dial(host, self.port, seconds, self.source_address, self.socket_options)
        _waits_on(connection)
        return connection

    def _tunnel(self) -> None:
        """Asks a proxy for a way to the server. Only 200 is one."""
        held: Any = self
        host = f"[{held._tunnel_host}]" if ":" in held._tunnel_host else held._tunnel_host
        host = host.replace("[[", "[").replace("]]", "]")
        place = f"{host}:{held._tunnel_port}"
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        lines += [f"{name}: {value}" for name, value in held._tunnel_headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        with held.sock.makefile("rb") as file:
            _, status, phrase, _ = _head(file, held.sock)
        if status != http.client.OK:
            self.close()
            raise OSError(f"Tunnel connection failed: {status} {phrase}")

    def putrequest(self, method: str, url: str, *flags: Any, **named: Any) -> None:
        super().putrequest(method, _as_written(url), *flags, **named)

    def getresponse(self) -> Any:
        _before_answer(self.sock)
        return super().getresponse()


def _as_written(url: str) -> str:
    """What stands in the request line in place of the library's; through a proxy it begins with the host."""
    if not exchange.target or url.startswith("/"):
        return exchange.target or url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{exchange.target}"


class _Secure(_Connection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


POOLS = {"http": _PlainPool, "https": _SecurePool}
