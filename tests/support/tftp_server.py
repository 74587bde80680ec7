# SPDX-License-Identifier: Apache-2.0
"""A TFTP server with faults (RFC 1350, octet mode, no options).

with TftpServer({"/a.ign": b"{}"}, faults=[Fault(silent=True)]) as server:
    fetch(server.url("/a.ign"))
assert server.requests == ["/a.ign", "/a.ign"]
"""

from __future__ import annotations

import dataclasses
import socket
import struct
import threading
from collections.abc import Mapping, Sequence

BLOCK = 512
READ, _, DATA, ACKNOWLEDGE, ERROR = range(1, 6)
NOT_FOUND = 1
STRANGER = "127.0.0.2"
# Attempts to send a block.
_SENDS = 6
Address = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class Fault:
    """The faults of one transfer.

    silent     no response
    late       seconds until the first block
    refuse     an error packet with this code and `message` instead of the first block
    refuse_at  an error packet instead of this block
    deaf       loses so many acknowledgements
    twice      sends each block twice
    sorcerer   resends a block after a duplicate acknowledgement, which RFC 1123 forbids
    cut        stops after so many blocks
    stray      before each block sends another one, first from a wrong address, then from wrong ports
    garbage    these bytes instead of the first block
    """

    silent: bool = False
    late: float = 0
    refuse: int | None = None
    message: str = ""
    deaf: int = 0
    twice: bool = False
    sorcerer: bool = False
    cut: int | None = None
    refuse_at: int | None = None
    stray: bool = False
    garbage: bytes | None = None


class TftpServer:
    """Serves `files` by name, each transfer from a new port. `faults` apply to the first requests, in order.
    `patience`: seconds until a block is sent again."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        *,
        faults: Sequence[Fault] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        patience: float = 1.0,
    ) -> None:
        self._files = dict(files)
        self._faults = list(faults)
        self._host = host
        self._patience = patience
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = self._bound(port)
        self._closing = threading.Event()
        self.requests: list[str] = []
        self.modes: set[str] = set()
        # Completed files, and error codes that clients sent.
        self.delivered: list[str] = []
        self.complaints: list[int] = []
        self.sent = 0

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self._socket.getsockname()[1])

    def url(self, path: str, host: str = "") -> str:
        """The URL of a path on this server."""
        name = host or (f"[{self._host}]" if ":" in self._host else self._host)
        return f"tftp://{name}:{self.port}{path}"

    def serve(self, name: str, data: bytes) -> None:
        """Adds a file."""
        self._files[name] = data

    def __enter__(self) -> TftpServer:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._socket.close()

    def _bound(self, port: int = 0) -> socket.socket:
        made = socket.socket(self._family, socket.SOCK_DGRAM)
        made.bind((self._host, port))
        made.settimeout(0.1)
        return made

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                packet, client = self._socket.recvfrom(1024)
            except TimeoutError:
                continue
            except OSError:
                return
            name, mode = packet[2:].split(b"\0")[:2]
            self.modes.add(mode.decode())
            self.requests.append(name.decode(errors="surrogateescape"))
            fault = self._faults.pop(0) if self._faults else Fault()
            if packet[:2] != struct.pack("!H", READ) or fault.silent:
                continue
            threading.Thread(
                target=self._transfer, args=(self.requests[-1], client, fault), daemon=True
            ).start()

    def _transfer(self, name: str, client: Address, fault: Fault) -> None:
        with self._bound() as own:
            own.settimeout(self._patience)
            self._closing.wait(fault.late)
            data = self._files.get(name)
            if fault.refuse is not None:
                own.sendto(_error(fault.refuse, fault.message), client)
            elif data is None:
                own.sendto(_error(NOT_FOUND, "File not found"), client)
            elif self._send_all(own, data, client, fault):
                self.delivered.append(name)

    def _send_all(self, own: socket.socket, data: bytes, client: Address, fault: Fault) -> bool:
        deaf = fault.deaf
        for index in range(len(data) // BLOCK + 1):
            if fault.cut == index:
                return False
            if fault.refuse_at == index:
                own.sendto(_error(0, fault.message), client)
                return False
            block = data[index * BLOCK : (index + 1) * BLOCK]
            number = (index + 1) & 0xFFFF
            packet = struct.pack("!HH", DATA, number) + block
            if fault.garbage is not None and index == 0:
                packet = fault.garbage
            if fault.stray:
                self._send_stray(number, client, self._host if index else STRANGER)
            for _ in range(_SENDS):
                for _ in range(2 if fault.twice else 1):
                    self.sent += 1
                    own.sendto(packet, client)
                outcome, deaf = self._acknowledged(own, number, packet, client, fault, deaf)
                if outcome is not None:
                    break
            else:
                return False
            if not outcome:
                return False
        return True

    def _acknowledged(
        self,
        own: socket.socket,
        number: int,
        packet: bytes,
        client: Address,
        fault: Fault,
        deaf: int,
    ) -> tuple[bool | None, int]:
        """Waits: True for the acknowledgement, False for an error packet, None after a timeout."""
        while not self._closing.is_set():
            try:
                answer, _ = own.recvfrom(1024)
            except TimeoutError:
                return None, deaf
            kind, found = struct.unpack("!HH", answer[:4])
            if kind == ERROR:
                self.complaints.append(found)
                return False, deaf
            if deaf:
                deaf -= 1
            elif found == number:
                return True, deaf
            elif fault.sorcerer:
                self.sent += 1
                own.sendto(packet, client)
        return False, deaf

    def _send_stray(self, number: int, client: Address, host: str) -> None:
        """Sends the block with wrong data from a port that does not belong to the transfer."""
        packet = struct.pack("!HH", DATA, number) + b"wrong"
        with socket.socket(self._family, socket.SOCK_DGRAM) as other:
            other.bind((host, 0))
            other.sendto(packet, client)


def _error(code: int, message: str) -> bytes:
    return struct.pack("!HH", ERROR, code) + message.encode() + b"\0"
