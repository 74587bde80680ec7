# SPDX-License-Identifier: Apache-2.0
"""Reads one file from one TFTP server (RFC 1350): octet mode, no options, block numbers wrap to 0.

Timeouts and retransmissions are those of Ignition.
"""

from __future__ import annotations

import _socket
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

BLOCK = 512
# Seconds to wait for an answer, and how many times a packet is sent before the transfer fails.
RECEIVE_TIMEOUT = 5.0
MAX_SENDS = 6
# Seconds. A block repeated sooner was duplicated by the network; later, our acknowledgement was lost.
DUPLICATE_WINDOW = 0.5

_READ, _, _DATA, _ACK, _ERROR = range(1, 6)
_UNKNOWN_TRANSFER = 5
# Linux values; not every build of Python's socket module has them.
_IP_RECVERR, _IPV6_RECVERR = 11, 25


class TransferFailed(Exception):
    """The transfer failed; the text gives the reason. A retry may help."""


class ServerError(Exception):
    """The server sent an error packet."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"code: {code}, message: {message}")
        self.code = code
        self.message = message


class Transfer:
    """`with Transfer(...) as transfer: for data in transfer.blocks(): ...`

    `family` and `address` come from getaddrinfo, `name` is the file to read. `time_left()` returns the
    seconds left for the whole transfer, possibly infinity. It sleeps a random fraction of a second before it
    sends a packet again, so that machines powered on together do not retransmit together.
    """

    def __init__(
        self,
        family: int,
        address: tuple[Any, ...],
        name: bytes,
        *,
        sends: int,
        time_left: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._address = address
        self._pinned = False
        self._packet = _uint16(_READ) + name + b"\0octet\0"
        self._sends = sends
        self._time_left = time_left
        self._sleep = sleep
        self._sent = 0.0
        self._count = 0
        self._socket = _socket.socket(family, _socket.SOCK_DGRAM)
        self._report_unreachable(True)

    def __enter__(self) -> Transfer:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def blocks(self) -> Iterator[bytes]:
        """Yields blocks of 512 bytes, the last one shorter. Raises TransferFailed, ServerError or OSError."""
        while True:
            data = self._next()
            self._count += 1
            self._packet = _uint16(_ACK) + _uint16(self._count & 0xFFFF)
            if len(data) < BLOCK:
                self._send()
                yield data
                return
            yield data

    def _next(self) -> bytes:
        """Sends the pending packet, repeatedly if needed, until the next block arrives."""
        for attempt in range(self._sends):
            if attempt:
                self._sleep(os.urandom(1)[0] / 256)
            if self._time_left() <= 0:
                break
            self._send()
            until = time.monotonic() + RECEIVE_TIMEOUT
            while (wait := min(until - time.monotonic(), self._time_left())) > 0:
                data = self._receive(wait)
                if data is not None:
                    return data
        raise TransferFailed("no answer in time")

    def _send(self) -> None:
        self._socket.sendto(self._packet, self._address)
        self._sent = time.monotonic()

    def _receive(self, wait: float) -> bytes | None:
        """Receives a packet within `wait` seconds. Returns the next block, or None if it was something
        else."""
        self._socket.settimeout(wait)
        try:
            packet, source = self._socket.recvfrom(4 + BLOCK + 1)
        except TimeoutError:
            return None
        if not self._from_server(source):
            return None
        kind, number, rest = packet[:2], packet[2:4], packet[4:]
        if kind == _uint16(_ERROR) and len(packet) >= 4:
            raise ServerError(int.from_bytes(number, "big"), _printable(rest))
        if kind != _uint16(_DATA) or len(packet) < 4 or len(rest) > BLOCK:
            raise TransferFailed("the answer is not TFTP")
        if number == _uint16((self._count + 1) & 0xFFFF):
            return rest
        again = bool(self._count) and number == _uint16(self._count & 0xFFFF)
        if again and time.monotonic() - self._sent >= DUPLICATE_WINDOW:
            self._send()
        return None

    def _from_server(self, source: tuple[Any, ...]) -> bool:
        """Whether a packet belongs to this transfer. The server answers from a new port, which is known from
        its first packet; packets from other sources are ignored."""
        if source[0] != self._address[0] or source[3:] != self._address[3:]:
            return False
        if not self._pinned:
            self._address, self._pinned = source, True
            # From here on ignore ICMP errors, which can be forged: only silence ends the transfer.
            self._report_unreachable(False)
        if source == self._address:
            return True
        # The network duplicated our request and the server started a second transfer: end that one.
        stray = _uint16(_ERROR) + _uint16(_UNKNOWN_TRANSFER) + b"unknown transfer\0"
        self._socket.sendto(stray, source)
        return False

    def _report_unreachable(self, on: bool) -> None:
        """Whether an ICMP error (no server listens) fails the transfer at once."""
        if self._socket.family == _socket.AF_INET6:
            self._socket.setsockopt(_socket.IPPROTO_IPV6, _IPV6_RECVERR, on)
        else:
            self._socket.setsockopt(_socket.IPPROTO_IP, _IP_RECVERR, on)


def _uint16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _printable(data: bytes) -> str:
    """The message of an error packet, with printable characters only."""
    text = data.partition(b"\0")[0][:200].decode("utf-8", "replace")
    return "".join(each if each.isprintable() else "?" for each in text)
