# SPDX-License-Identifier: Apache-2.0
"""The vsock transport: one message each way.

Source of the numbers: lib/rpcChannel/simpleSocket.c and lib/dataMap/dataMap.c of open-vm-tools.
"""

from __future__ import annotations

import struct
import time

from ignition.system.vmware import REPLY_LIMIT, TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

HYPERVISOR, PORT = 0, 976
_ANY = 0xFFFFFFFF
_LOW_PORTS = range(1023, 1, -1)
# The hypervisor may still be closing the previous connection.
TRIES, PAUSE = 3, 0.1
TIMEOUT = 10

_INTEGER, _TEXT = 1, 2
_PACKET_TYPE, _PAYLOAD, _CLOSE_AT_ONCE = 1, 2, 3
_DATA = 1


def call(request: bytes) -> bytes:
    """Sends a request and returns the reply. TransportError if no hypervisor answers."""
    reason = ""
    for _ in range(TRIES):
        try:
            return _call(request)
        except OSError as error:
            reason = error.strerror or str(error)
            if isinstance(error, TimeoutError):
                break
        time.sleep(PAUSE)
    raise TransportError(reason)


def _call(request: bytes) -> bytes:
    import socket

    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT)
        _bind_privileged_port(connection)
        connection.connect((HYPERVISOR, PORT))
        return exchange(connection, request)


def _bind_privileged_port(connection: socket.socket) -> None:
    """Binds to a privileged port, which marks requests as root's. Others may do less."""
    for port in _LOW_PORTS:
        try:
            connection.bind((_ANY, port))
        except PermissionError:
            return
        except OSError:
            continue
        return


def exchange(connection: socket.socket, request: bytes) -> bytes:
    """Sends a request over an open connection and returns the reply."""
    connection.sendall(encode_message(request))
    size = int.from_bytes(_receive_exactly(connection, 4), "big")
    if size > REPLY_LIMIT:
        raise TransportError("the reply is larger than any config")
    payload = decode_message(_receive_exactly(connection, size))
    if payload is None:
        raise TransportError("invalid reply")
    return payload


def encode_message(payload: bytes) -> bytes:
    """A message with its length prefix."""
    body = _integer(_PACKET_TYPE, _DATA)
    body += struct.pack(">III", _TEXT, _PAYLOAD, len(payload)) + payload
    body += _integer(_CLOSE_AT_ONCE, 1)
    return struct.pack(">I", len(body)) + body


def _integer(field: int, value: int) -> bytes:
    # 64 bits: the lower half first, each half big-endian.
    return struct.pack(">IIII", _INTEGER, field, value & 0xFFFFFFFF, value >> 32)


def decode_message(body: bytes) -> bytes | None:
    """The payload of a message without its length prefix; None if it has none or is invalid."""
    payload = None
    try:
        while body:
            kind, field, size = struct.unpack_from(">III", body)
            start, size = (8, 8) if kind == _INTEGER else (12, size)
            if kind not in (_INTEGER, _TEXT) or len(body) < start + size:
                return None
            if (kind, field) == (_TEXT, _PAYLOAD):
                payload = body[start : start + size]
            body = body[start + size :]
    except struct.error:
        return None
    return payload


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(size - len(data), 1 << 20))
        if not piece:
            raise ConnectionResetError("the hypervisor closed the connection")
        data += piece
    return bytes(data)
