# SPDX-License-Identifier: Apache-2.0
"""Connection classes for urllib3: one connect timeout for all addresses, unchanged request target, interrupt.

Each override states why urllib3's behaviour does not do. The comparisons with Ignition run in
tests/unit/acquisition/test_peer_wire.py.
"""

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

# Every address of a host gets at least this many seconds, as in Go.
_MIN_CONNECT_TIME = 2.0


class Exchange(threading.local):
    """The request of this thread. Pooled connections do not know for whom they work.

    `target` is the path and query for the request line.
    """

    watch: Watch | None = None
    socket: Any = None
    target = ""


exchange = Exchange()


class ConnectTimeout(OSError):
    """No address of the server accepted a connection in time."""


def _connect(host: str, port: int, seconds: float, source: Any, options: Any) -> socket.socket:
    """Connects to the first address that accepts, within `seconds` for all of them.

    Each address gets its share of the time left, as in Go. urllib3 gives every address the full timeout: with
    two dead addresses before a good one, a fetch would wait 60 s instead of 20 s."""
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
        # Not SSLSocket.shutdown: it drops the TLS state that the reading thread still uses.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        pass  # it is closed already


def _interruptible(connection: Any) -> None:
    watch = exchange.watch
    if watch is not None:
        watch.on_expiry(lambda: _shut_down(connection))


def _before_response(connection: Any) -> None:
    """Prepares the socket between the request and its response."""
    exchange.socket = connection
    if hasattr(connection, "suppress_ragged_eofs"):  # TLS: report an end without close_notify
        connection.suppress_ragged_eofs = False
    _interruptible(connection)
    try:
        # If a server sends headers and body in separate segments, Linux delays our acknowledgement, and with
        # it the body, by 40 ms. The kernel resets this option, so set it for each request.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    except (AttributeError, OSError):
        pass


class _Connection(HTTPConnection):
    response_class = StrictResponse

    def _new_conn(self) -> Any:
        host = self._dns_host
        # The resolver takes the zone of a link-local address after a plain percent sign.
        host = host.replace("%25", "%")
        seconds: Any = self.timeout
        connection = _connect(host, self.port, seconds, self.source_address, self.socket_options)
        _interruptible(connection)
        return connection

    def _tunnel(self) -> None:
        """Opens a tunnel through a proxy.

        http.client has no limit for the whole answer: a proxy that sends a byte now and then would block the
        boot. Only status 200 opens a tunnel, as in Ignition."""
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

    def getresponse(self, **_: Any) -> Any:  # urllib3 1.x passes `buffering`
        _before_response(self.sock)
        return super().getresponse()


def _request_target(url: str) -> str:
    """The request target of this thread; for a proxy in absolute form.

    urllib3 normalizes percent-encoding and dot segments. Ignition sends the path as it is in the config, and
    the signature of a presigned URL may depend on it."""
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
