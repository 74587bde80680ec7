# SPDX-License-Identifier: Apache-2.0
"""An HTTP server with scripted responses and faults, recorded requests, TLS, and forward proxying.

with HttpServer({"/a.ign": [Answer(503), Answer(body=b"{}")]}) as server:
    fetch(server.url("/a.ign"))
assert [request.path for request in server.requests] == ["/a.ign", "/a.ign"]
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class Answer:
    """The response to one request. The last response of a path is repeated for ever.

    delay    seconds before the headers
    drip     seconds after each byte of the body
    pause    seconds in the middle of the body
    length   a wrong Content-Length; "" omits the header
    cut      closes the connection after so many bytes of the body
    reset    with `cut`: closes it by a TCP reset
    hang_up  closes the connection without a response
    chunked  uses chunked transfer encoding
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    delay: float = 0
    drip: float = 0
    pause: float = 0
    length: str | None = None
    cut: int | None = None
    reset: bool = False
    hang_up: bool = False
    chunked: bool = False


@dataclasses.dataclass(frozen=True)
class Seen:
    """A recorded request. Header names are in lower case; `target` is the full request target, `peer` the
    client's address and port."""

    method: str
    target: str
    headers: Mapping[str, str]
    time: float
    peer: tuple[str, int]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


class HttpServer:
    """Listens on 127.0.0.1 or another local address.

    `routes` maps a path (for a proxy: an absolute URL) to its responses. Other paths are handled by
    `service`, or get a 404. `tls` is a file with key and certificate; with `plain`, clients may also speak
    HTTP without TLS on the same port.
    """

    def __init__(
        self,
        routes: Mapping[str, bytes | Answer | Sequence[Answer]] | None = None,
        *,
        tls: Path | None = None,
        plain: bool = False,
        port: int = 0,
        host: str = "127.0.0.1",
        service: Callable[[Seen], Answer] | None = None,
    ) -> None:
        self._script: dict[str, list[Answer]] = {}
        self._first: dict[str, list[Answer]] = {}
        self._service = service
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.requests: list[Seen] = []
        for path, answers in (routes or {}).items():
            self.answer(path, answers)
        listener = _Listener6 if ":" in host else _Listener
        # An IPv6 address may have a zone, which only the resolver understands.
        address: Any = socket.getaddrinfo(host, port)[0][4]
        self._server = listener(address, _Handler)
        self._server.owner = self
        self._scheme = "http"
        if tls is not None:
            self._scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self._server.tls = context
            self._server.plain = plain
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def answer(self, path: str, answers: bytes | Answer | Sequence[Answer]) -> None:
        """Sets the responses of a path."""
        if isinstance(answers, bytes):
            answers = Answer(body=answers)
        script = [answers] if isinstance(answers, Answer) else list(answers)
        with self._lock:
            self._script[path] = script

    def first(self, path: str, *answers: Answer) -> None:
        """Responses that a path gives first, each once."""
        with self._lock:
            self._first[path] = list(answers)

    def url(self, path: str = "", host: str = "127.0.0.1") -> str:
        """The URL of a path on this server."""
        return f"{self._scheme}://{host}:{self.port}{path}"

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self._server.server_address[1])

    def paths(self) -> list[str]:
        """The requested paths, in order."""
        return [request.path for request in self.requests]

    def __enter__(self) -> HttpServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()

    def _next(self, seen: Seen) -> Answer:
        with self._lock:
            self.requests.append(seen)
            first = self._first.get(seen.path)
            if first:
                return first.pop(0)
            script = self._script.get(seen.path)
            if script is None:
                return self._service(seen) if self._service else Answer(404)
            return script.pop(0) if len(script) > 1 else script[0]

    def _wait(self, seconds: float) -> None:
        self._closing.wait(seconds)


class _Listener(http.server.ThreadingHTTPServer):
    # server_close waits for the threads of all connections.
    daemon_threads = False
    owner: HttpServer
    tls: ssl.SSLContext | None = None
    plain = False

    def __init__(self, address: Any, handler: type[_Handler]) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def secure(self, plain: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
        """The TLS socket that replaces a connection's plain one."""
        secured = tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with self._open_lock:
            self._open.discard(plain)
            self._open.add(secured)
        secured.do_handshake()
        return secured

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends every connection: a client may keep one open for its next request."""
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Prints nothing: clients that disconnect are part of the tests."""


class _Listener6(_Listener):
    address_family = socket.AF_INET6


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener
    # Headers and body go out together.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        if self.server.tls is not None and not self._is_plain():
            # In the thread of this connection: a client that sends nothing must not block the others.
            self.request = self.server.secure(self.request, self.server.tls)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.server.shutdown_request(self.request)

    def _is_plain(self) -> bool:
        """Whether the client speaks plain HTTP, and is allowed to."""
        handshake = b"\x16"
        return self.server.plain and self.request.recv(1, socket.MSG_PEEK) != handshake

    def log_message(self, format: str, *arguments: object) -> None:
        """Prints nothing: requests are recorded."""

    def _seen(self) -> Seen:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        return Seen(
            self.command, self.path, headers, time.monotonic(), self.client_address[:2], body
        )

    def do_GET(self) -> None:
        owner = self.server.owner
        answer = owner._next(self._seen())
        owner._wait(answer.delay)
        if answer.hang_up:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        body = answer.body
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif answer.length is None and answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        elif answer.length:
            self.send_header("Content-Length", answer.length)
        else:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(body if answer.cut is None else body[: answer.cut], answer)
        if answer.cut is not None:
            self._end(reset=answer.reset)

    do_HEAD = do_GET
    do_PUT = do_GET
    do_POST = do_GET

    def _send_body(self, body: bytes, answer: Answer) -> None:
        if answer.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                self.server.owner._wait(answer.drip)
            return
        half = len(body) // 2 if answer.pause else 0
        self.wfile.write(body[:half])
        if answer.pause:
            self.wfile.flush()
            self.server.owner._wait(answer.pause)
        self.wfile.write(body[half:])
        self.wfile.flush()

    def _end(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            time.sleep(0.05)  # a reset discards what the client has not read yet
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def do_CONNECT(self) -> None:
        """Opens a tunnel, as a forward proxy does for https. All host names resolve to this machine."""
        self.server.owner._next(self._seen())
        port = int(self.path.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as target:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            _tunnel(self.connection, target)
        self.close_connection = True


def _tunnel(one: socket.socket, other: socket.socket) -> None:
    ends = {one: other, other: one}
    while True:
        for end in select.select(list(ends), [], [], 30)[0]:
            data = end.recv(65536)
            if not data:
                return
            ends[end].sendall(data)
