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
import subprocess
import threading
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

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
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
        return f"http://{self._host}:{self._port}"

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
            with connection:
                # Not waited for: a client may keep its connection open while another asks.
                process = subprocess.Popen(
                    [_find("tangd") or "tangd", self._keys],
                    stdin=connection.fileno(),
                    stdout=connection.fileno(),
                    stderr=subprocess.DEVNULL,
                )
            threading.Thread(target=process.wait, daemon=True).start()
