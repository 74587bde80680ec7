# SPDX-License-Identifier: Apache-2.0
"""DHCP leases of systemd-networkd: one file per interface with `NAME=value` lines."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

POLL = 0.5


def wait_for_server(folder: str, sleep: Callable[[float], None]) -> str:
    """Waits for a lease and returns the address of its DHCP server."""
    while not (address := server(folder)):
        sleep(POLL)
    return address


def server(folder: str) -> str:
    """The address of the DHCP server of the first interface that has a lease; "" if none has."""
    try:
        names = sorted(os.listdir(folder), key=lambda name: (len(name), name))
    except OSError:
        return ""
    return next((address for name in names if (address := _server(os.path.join(folder, name)))), "")


def _server(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return ""
    return next((line[15:] for line in lines if line.startswith("SERVER_ADDRESS=")), "")
