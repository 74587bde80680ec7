# SPDX-License-Identifier: Apache-2.0
"""Which network interfaces can use IPv4 and IPv6, according to the kernel."""

from __future__ import annotations

import _socket
import fcntl
import sys

# Per thread, because tests put threads into network namespaces.
_IPV4_ROUTES = "/proc/thread-self/net/route"
_IPV6_ADDRESSES = "/proc/thread-self/net/if_inet6"
_GLOBAL = "00"
_GET_FLAGS = 0x8913  # SIOCGIFFLAGS, from linux/sockios.h
_UP, _LOOPBACK = 1, 8


def ipv6_interfaces() -> list[str]:
    """Sorted names of the interfaces that are up, are not loopback, and have an IPv6 address."""
    return sorted({name for name, _ in _ipv6() if _is_usable(name)})


def is_ipv6_only() -> bool:
    """Whether the machine has a global IPv6 address but no IPv4 route."""
    ipv4 = any(line.split()[0] != "lo" for line in _lines(_IPV4_ROUTES)[1:] if line.split())
    return not ipv4 and any(scope == _GLOBAL and _is_usable(name) for name, scope in _ipv6())


def _ipv6() -> list[tuple[str, str]]:
    """Interface and scope of each IPv6 address."""
    rows = [line.split() for line in _lines(_IPV6_ADDRESSES)]
    return [(row[5], row[3]) for row in rows if len(row) == 6]


def _is_usable(name: str) -> bool:
    probe = _socket.socket(_socket.AF_INET6, _socket.SOCK_DGRAM)
    try:
        answer = fcntl.ioctl(probe, _GET_FLAGS, name.encode().ljust(40, b"\0"))
    except OSError:
        return False
    finally:
        probe.close()
    flags = int.from_bytes(answer[16:18], sys.byteorder)
    return bool(flags & _UP) and not flags & _LOOPBACK


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().splitlines()
    except OSError:
        return []
