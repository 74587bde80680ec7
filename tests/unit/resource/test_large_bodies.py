# SPDX-License-Identifier: Apache-2.0
"""Large bodies are streamed: they need no more memory than small ones, even with gzip and a hash."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.listening import listening

SIZE_MIB = 300
MORE_MIB = 8
"""Bytes that a large body may need beyond a small one: buffers, not the body."""
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


def stream(connection: socket.socket, request: bytes) -> None:
    """Generates a body while sending it, without a length."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    for piece in BODIES[request.split()[1].decode()]():
        connection.sendall(piece)


@pytest.fixture(scope="module")
def verification() -> str:
    total = hashlib.sha256()
    for piece in zeros():
        total.update(piece)
    return f"sha256-{total.hexdigest()}"


@pytest.mark.parametrize(("path", "compression"), [("/plain", ""), ("/packed", "gzip")])
def test_large_body_costs_no_memory(path: str, compression: str, verification: str) -> None:
    checkout = Path(__file__).parents[3]
    with listening(stream) as port:
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-c", PROGRAM, url + "/small", url + path]
        done = subprocess.run(
            [*command, compression, verification],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(checkout)},
        )
    assert int(done.stdout) < MORE_MIB << 10
