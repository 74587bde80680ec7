# SPDX-License-Identifier: Apache-2.0
"""Joins standard input and output with a port of 127.0.0.1: QEMU starts one per connection of the guest."""

from __future__ import annotations

import os
import select
import socket
import sys


def relay(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as server:
        ways = {0: server.fileno(), server.fileno(): 1}
        while ways:
            for source in select.select(list(ways), [], [])[0]:
                data = os.read(source, 65536)
                if data:
                    os.write(ways[source], data)
                elif source == 0:
                    del ways[0]
                    server.shutdown(socket.SHUT_WR)
                else:
                    return


if __name__ == "__main__":
    relay(int(sys.argv[1]))
