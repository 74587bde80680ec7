# SPDX-License-Identifier: Apache-2.0
"""An HTTP server that uses as little CPU time as possible, for measurements of clients on the same machine.

    python3 -I server.py [KEY-AND-CERTIFICATE]

Every path returns `SMALL` bytes after `DELAY` seconds, in one segment with the headers. Below /apart/
headers and body are separate segments, as many servers send them, so Nagle's algorithm delays the body
until the headers are acknowledged. /large returns `LARGE` bytes without delay. All bytes are zero.

The first line of standard output is the port. For each line on standard input it prints the maximum of open
connections and the number of new ones since the last line.
"""

from __future__ import annotations

import collections
import os
import select
import socket
import ssl
import sys
import time

DELAY = 0.02
SMALL = 4096
LARGE = 1 << 30
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
_PIECE = 1 << 20
_AGAIN = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """A client. `left`: bytes of a large body that are still to be sent."""

    def __init__(self, socket: socket.socket) -> None:
        self.socket = socket
        self.request = b""
        self.left = 0


class Server:
    """A single thread that waits for requests and for due responses."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.setblocking(False)
        self._events = select.epoll()
        self._events.register(self._listener, select.EPOLLIN)
        self._events.register(0, select.EPOLLIN)
        self._connections: dict[int, Connection] = {}
        self._due: collections.deque[tuple[float, Connection, bytes]] = collections.deque()
        self._most = self._made = 0
        self._headers = HEADERS % SMALL
        self._body = bytes(SMALL)
        self._both = self._headers + self._body
        self._large = os.memfd_create("large")
        os.ftruncate(self._large, _PIECE)

    def serve(self) -> None:
        """Until standard input ends."""
        print(self._listener.getsockname()[1], flush=True)
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else -1
            for fileno, event in self._events.poll(wait):
                if fileno == self._listener.fileno():
                    self._accept()
                elif fileno == 0:
                    if not os.read(0, 100):
                        return
                    print(self._most, self._made, flush=True)
                    self._most, self._made = len(self._connections), 0
                elif event & select.EPOLLOUT:
                    self._send_large(self._connections[fileno])
                else:
                    self._receive(self._connections[fileno])
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                self._answer(*self._due.popleft()[1:])

    def _accept(self) -> None:
        taken, _ = self._listener.accept()
        if self._tls is not None:
            taken = self._tls.wrap_socket(taken, server_side=True, do_handshake_on_connect=False)
        taken.setblocking(False)
        self._connections[taken.fileno()] = Connection(taken)
        self._events.register(taken, select.EPOLLIN)
        self._made += 1
        self._most = max(self._most, len(self._connections))

    def _receive(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(65536)
        except _AGAIN:
            return
        except OSError:
            data = b""
        if not data:
            self._end(connection)
            return
        connection.request += data
        if connection.request.endswith(b"\r\n\r\n"):
            path = connection.request.split(b" ", 2)[1]
            connection.request = b""
            if path == b"/large":
                connection.socket.sendall(HEADERS % LARGE)
                connection.left = LARGE
                self._events.modify(connection.socket, select.EPOLLOUT)
            else:
                self._due.append((time.monotonic() + DELAY, connection, path))

    def _answer(self, connection: Connection, path: bytes) -> None:
        try:
            if path.startswith(b"/apart/"):
                connection.socket.send(self._headers)
                connection.socket.send(self._body)
            else:
                connection.socket.send(self._both)
        except OSError:
            self._end(connection)

    def _send_large(self, connection: Connection) -> None:
        try:
            count = min(_PIECE, connection.left)
            connection.left -= os.sendfile(connection.socket.fileno(), self._large, 0, count)
        except BlockingIOError:
            return
        except OSError:
            self._end(connection)
            return
        if not connection.left:
            self._events.modify(connection.socket, select.EPOLLIN)

    def _end(self, connection: Connection) -> None:
        if self._connections.pop(connection.socket.fileno(), None) is not None:
            self._events.unregister(connection.socket)
            connection.socket.close()


def main() -> None:
    tls = None
    if len(sys.argv) > 1:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[1])
    Server(tls).serve()


if __name__ == "__main__":
    main()
