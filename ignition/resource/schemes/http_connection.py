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

from ignition.resource.schemes.http_response import StrictResponse, read_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.resource.watch import Watch

# Seconds that an address of several is tried at least, as in Go's library.
_MIN_CONNECT_TIME = 2.0


class Exchange(threading.local):
    """What this thread waits for: the connections of a pool do not know who uses them.

    `target`: path and query for the request line. The library would rewrite those of the URL.
    """

    watch: Watch | None = None
    socket: Any = None
    target = ""


exchange = Exchange()


class ConnectTimeout(OSError):
    """No address of the server answered in time."""


def _connect(host: str, port: int, seconds: float, source: Any, options: Any) -> socket.socket:
    """A connection to the first address that answers. Together they have so many seconds, each its share of
    what is left: one that leads nowhere must not use up the time of one that does."""
    end = time.monotonic() + seconds
    addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    failed: OSError = ConnectTimeout(errno.ETIMEDOUT, "no connection in time")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        left = end - time.monotonic()
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            for option in options or ():
                connection.setsockopt(*option)
            connection.settimeout(
                min(left, max(_MIN_CONNECT_TIME, left / (len(addresses) - index)))
            )
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


def _shut_down(connection: Any) -> None:
    while not isinstance(connection, socket.socket):
        connection = getattr(connection, "socket", None)  # TLS inside TLS
        if connection is None:
            return
    try:
        # Not the method of a TLS socket, which would take the ground from under its reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        pass  # it is closed already


def _interruptible(connection: Any) -> None:
    watch = exchange.watch
    if watch is not None:
        watch.on_expiry(lambda: _shut_down(connection))


def _before_response(connection: Any) -> None:
    """The request is out, the answer is not in yet."""
    exchange.socket = connection
    if hasattr(connection, "suppress_ragged_eofs"):  # TLS: an end that the server did not announce
        connection.suppress_ragged_eofs = False
    _interruptible(connection)
    try:
        # Some servers send headers and body apart; without this each such answer waits 40 ms for our delayed
        # acknowledgement. The kernel forgets it, so it is set for each request.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    except (AttributeError, OSError):
        pass


class _Connection(HTTPConnection):
    response_class = StrictResponse

    def _new_conn(self) -> Any:
        host = self._dns_host
        # The zone of a link-local address, as the system's resolver takes it.
        host = host.replace("%25", "%")
        seconds: Any = self.timeout
        connection = _connect(host, self.port, seconds, self.source_address, self.socket_options)
        _interruptible(connection)
        return connection

    def _tunnel(self) -> None:
        """Asks a proxy for a way to the server. Only 200 is one."""
        state: Any = self
        host = f"[{state._tunnel_host}]" if ":" in state._tunnel_host else state._tunnel_host
        host = host.replace("[[", "[").replace("]]", "]")
        authority = f"{host}:{state._tunnel_port}"
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        lines += [f"{name}: {value}" for name, value in state._tunnel_headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        with state.sock.makefile("rb") as file:
            _, status, phrase, _ = read_head(file, state.sock)
        if status != http.client.OK:
            self.close()
            raise OSError(f"Tunnel connection failed: {status} {phrase}")

    def putrequest(self, method: str, url: str, *flags: Any, **named: Any) -> None:
        super().putrequest(method, _request_target(url), *flags, **named)

    def getresponse(self, **_: Any) -> Any:  # older releases of the library give what Python 2 had
        _before_response(self.sock)
        return super().getresponse()


def _request_target(url: str) -> str:
    """What stands in the request line in place of the library's; through a proxy it begins with the host."""
    if not exchange.target or url.startswith("/"):
        return exchange.target or url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{exchange.target}"


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _PlainPool, "https": _SecurePool}
