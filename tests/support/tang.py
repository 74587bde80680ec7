# SPDX-License-Identifier: Apache-2.0
"""A real Tang server on the loopback interface.

with TangServer(folder) as server:
    bind({"url": server.url, "thp": server.thumbprint})
assert server.connections

tangd speaks HTTP on its standard input and output, as systemd's sockets start it; this accepts connections
for it.
"""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

_FOLDERS = ("/usr/libexec", "/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")


def missing() -> str:
    """Why no server can be started here; "" if one can."""
    return (
        "" if _find("tangd") and shutil.which("jose") else "no tangd: apt-get install tang-common"
    )


def _find(program: str) -> str | None:
    return shutil.which(program, path=":".join(_FOLDERS))


class TangServer:
    """A server with new keys in `folder`.

    Leaving the context stops it; entering it again keeps keys and port.
    """

    def __init__(self, folder: Path, host: str = "127.0.0.1", tls: Path | None = None) -> None:
        """`tls` is a PEM file with certificate and key, for HTTPS."""
        self._tls: ssl.SSLContext | None = None
        if tls is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(tls)
        self._keys = folder / "keys"
        self._keys.mkdir(parents=True)
        self._host = host
        self._port = 0
        self._listener: socket.socket | None = None
        self.connections = 0
        subprocess.run(
            [_find("tangd-keygen") or "tangd-keygen", self._keys, "sign", "exchange"],
            check=True,
            capture_output=True,
        )

    @property
    def url(self) -> str:
        """The base URL. Known after the first start."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    @property
    def thumbprint(self) -> str:
        """The thumbprint of the signing key."""
        key = self._keys / "sign.jwk"
        return subprocess.run(
            ["jose", "jwk", "thp", "-i", key, "-a", "S256"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    @property
    def advertisement(self) -> str:
        """The signed advertisement, as the server gives it."""
        request = b"GET /adv HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answer = subprocess.run(
            [_find("tangd") or "tangd", self._keys], input=request, check=True, capture_output=True
        ).stdout.decode()
        return answer.partition("\r\n\r\n")[2]

    def __enter__(self) -> TangServer:
        self._listener = socket.create_server((self._host, self._port))
        self._port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._tls is not None:
                args = (self._tls, connection)
                threading.Thread(target=self._serve_tls, args=args, daemon=True).start()
                continue
            with connection:
                # Not waited for: a client may keep its connection open while another asks.
                process = subprocess.Popen(
                    [_find("tangd") or "tangd", self._keys],
                    stdin=connection.fileno(),
                    stdout=connection.fileno(),
                    stderr=subprocess.DEVNULL,
                )
            threading.Thread(target=process.wait, daemon=True).start()

    def _serve_tls(self, context: ssl.SSLContext, connection: socket.socket) -> None:
        """One request."""
        with connection, suppress(OSError):
            secured = context.wrap_socket(connection, server_side=True)
            request = b""
            while not _is_complete(request):
                request += secured.recv(65536)
            tangd = [_find("tangd") or "tangd", str(self._keys)]
            secured.sendall(subprocess.run(tangd, input=request, capture_output=True).stdout)
            secured.unwrap()


def _is_complete(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.splitlines()
        if line.lower().startswith(b"content-length:")
    ]
    return bool(end) and len(body) >= sum(lengths)
