# SPDX-License-Identifier: Apache-2.0
"""A DNS server with a few hosts (RFC 1035), for a separate network namespace.

with own_network(), own_file("/etc/resolv.conf", RESOLV_CONF), NameServer({"host.test": ["::1"]}): ...
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Mapping, Sequence

RESOLV_CONF = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
_KINDS = {1: socket.AF_INET, 28: socket.AF_INET6}
_ANSWER, _UNKNOWN = 0x8180, 0x8183
_NAME_OF_THE_QUESTION = 0xC00C
_SECONDS_TO_LIVE = 1


class NameServer:
    """Listens on 127.0.0.1, UDP port 53. Unknown names get NXDOMAIN."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = names
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self._socket.settimeout(0.1)
        self._closing = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._closing:
            try:
                data, sender = self._socket.recvfrom(512)
            except TimeoutError:
                continue
            self._socket.sendto(self._answer(data), sender)

    def _answer(self, data: bytes) -> bytes:
        labels, at = [], 12
        while length := data[at]:
            labels.append(data[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
        (kind,) = struct.unpack_from("!H", data, at + 1)
        question = data[12 : at + 5]
        known = self._names.get(".".join(labels).lower())
        family = _KINDS.get(kind)
        records = [
            struct.pack("!HHHIH", _NAME_OF_THE_QUESTION, kind, 1, _SECONDS_TO_LIVE, len(packed))
            + packed
            for each in known or ()
            if family is not None and (":" in each) == (family == socket.AF_INET6)
            for packed in [socket.inet_pton(family, each)]
        ]
        flags = _UNKNOWN if known is None else _ANSWER
        header = data[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0)
        return header + question + b"".join(records)
