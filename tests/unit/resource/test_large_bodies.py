# SPDX-License-Identifier: Apache-2.0
"""A large body streams: it costs no more memory than a small one, whatever is done with it on the way."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE_MIB = 300
MORE_MIB = 8
"""What a large body may cost beyond a small one: buffers, not the body."""
PIECE = bytes(1 << 20)
PROGRAM = """
import sys
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.config.model import Resource
from ignition.resource.context import FetchContext
from ignition.resource.fetch import fetch_to

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

small, large, compression, verification = sys.argv[1:]
ctx = FetchContext(Settings(), Log(lambda *_: None))
with open("/dev/null", "wb") as null:
    fetch_to(ctx, Resource({"source": small}), null.fileno(), None)
    before = peak()
    resource = {"source": large, "compression": compression, "verification": {"hash": verification}}
    fetch_to(ctx, Resource(resource), null.fileno(), None)
print(peak() - before)
"""


def zeros() -> Iterator[bytes]:
    for _ in range(SIZE_MIB):
        yield PIECE


def packed() -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for piece in zeros():
        yield packer.compress(piece)
    yield packer.flush()


BODIES = {"/small": lambda: iter([b"x"]), "/plain": zeros, "/packed": packed}


@contextmanager
def streaming() -> Iterator[str]:
    """A server that makes its bodies while it sends them; none has a length. Gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    path = connection.recv(65536).split()[1].decode()
                    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                    for piece in BODIES[path]():
                        connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(scope="module")
def verification() -> str:
    total = hashlib.sha256()
    for piece in zeros():
        total.update(piece)
    return f"sha256-{total.hexdigest()}"


@pytest.mark.parametrize(("path", "compression"), [("/plain", ""), ("/packed", "gzip")])
def test_large_body_costs_no_memory(path: str, compression: str, verification: str) -> None:
    checkout = Path(__file__).parents[3]
    with streaming() as url:
        command = [sys.executable, "-c", PROGRAM, url + "/small", url + path]
        done = subprocess.run(
            [*command, compression, verification],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(checkout)},
        )
    assert int(done.stdout) < MORE_MIB << 10
