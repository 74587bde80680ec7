# SPDX-License-Identifier: Apache-2.0
"""Connects standard input and output to a port on 127.0.0.1. QEMU starts one process per guest connection."""

from __future__ import annotations

import os
import select
import socket
import sys


def relay(port: int) -> None:
    """Copies in both directions until the server closes; a guest that closes first is waited for."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        peers = {0: server.fileno(), server.fileno(): 1}
        while peers:
            for source in select.select(list(peers), [], [])[0]:
                data = os.read(source, 65536)
                if data:
                    _write(peers[source], data)
                elif source == 0:
                    del peers[0]
                    server.shutdown(socket.SHUT_WR)
                else:
                    return


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


if __name__ == "__main__":
    try:
        relay(int(sys.argv[1]))
    except OSError:
        sys.exit(1)  # either side is gone: the guest sees a closed connection
