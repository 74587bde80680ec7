# SPDX-License-Identifier: Apache-2.0
"""Listening sockets of the guest, from /proc/net/{tcp,tcp6,udp,udp6}."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from ignition.testbed.facts import Socket

_LISTEN = {"tcp": "0A", "udp": "07"}
"""The state of a socket that waits for peers, from net/tcp_states.h. UDP has only TCP_CLOSE for it."""


def sockets(tables: Mapping[str, str]) -> tuple[Socket, ...] | None:
    """The listening sockets of the tables (tcp, tcp6, udp, udp6); None if there is no table."""
    if not tables:
        return None
    return tuple(
        dict.fromkeys(
            socket
            for table, text in tables.items()
            for socket in _sockets(table.removesuffix("6"), text)
        )
    )


def _sockets(protocol: str, text: str) -> Iterator[Socket]:
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 4 or words[3] != _LISTEN[protocol]:
            continue
        address, _, port = words[1].partition(":")
        try:
            yield Socket(protocol, _address(bytes.fromhex(address)), int(port, 16))
        except ValueError:
            continue


def _address(data: bytes) -> str:
    """The kernel prints 32-bit words in the machine's order, which is little-endian where guests run."""
    ordered = b"".join(data[start : start + 4][::-1] for start in range(0, len(data), 4))
    return str(ipaddress.ip_address(ordered))
