# SPDX-License-Identifier: Apache-2.0
"""The way to VMware's hypervisor by a vsock: a message in, a message out.

Source of the numbers: lib/rpcChannel/simpleSocket.c and lib/dataMap/dataMap.c of open-vm-tools.
"""

from __future__ import annotations

import struct
import time

from ignition.system.vmware import REPLY_LIMIT, Unusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

HYPERVISOR, PORT = 0, 976
_ANY = 0xFFFFFFFF
_LOW_PORTS = range(1023, 1, -1)
# The hypervisor may still be busy with the connection before this one.
TRIES, PAUSE = 3, 0.1
TIMEOUT = 10

_INTEGER, _TEXT = 1, 2
_PACKET_TYPE, _PAYLOAD, _CLOSE_AT_ONCE = 1, 2, 3
_DATA = 1


def call(request: bytes) -> bytes:
    """One request and its reply. Unusable where no hypervisor answers."""
    reason = ""
    for _ in range(TRIES):
        try:
            return _call(request)
        except OSError as error:
            reason = error.strerror or str(error)
            if isinstance(error, TimeoutError):
                break
        time.sleep(PAUSE)
    raise Unusable(reason)


def _call(request: bytes) -> bytes:
    import socket

    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT)
        _take_low_port(connection)
        connection.connect((HYPERVISOR, PORT))
        return converse(connection, request)


def _take_low_port(connection: socket.socket) -> None:
    """Root's requests come from a port that nobody else may have; from another one less is allowed."""
    for port in _LOW_PORTS:
        try:
            connection.bind((_ANY, port))
        except PermissionError:
            return
        except OSError:
            continue
        return


def converse(connection: socket.socket, request: bytes) -> bytes:
    """The request and its reply over an open connection."""
    connection.sendall(packed(request))
    size = int.from_bytes(_exactly(connection, 4), "big")
    if size > REPLY_LIMIT:
        raise Unusable("the reply is larger than any config")
    payload = unpacked(_exactly(connection, size))
    if payload is None:
        raise Unusable("the reply is none")
    return payload


def packed(payload: bytes) -> bytes:
    """A message with its length in front."""
    body = _integer(_PACKET_TYPE, _DATA)
    body += struct.pack(">III", _TEXT, _PAYLOAD, len(payload)) + payload
    body += _integer(_CLOSE_AT_ONCE, 1)
    return struct.pack(">I", len(body)) + body


def _integer(field: int, value: int) -> bytes:
    # 64 bits with the lower half first, each half big endian.
    return struct.pack(">IIII", _INTEGER, field, value & 0xFFFFFFFF, value >> 32)


def unpacked(body: bytes) -> bytes | None:
    """The payload of a message without its length; None where there is none, or no message."""
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


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(size - len(data), 1 << 20))
        if not piece:
            raise ConnectionResetError("the hypervisor ends the connection")
        data += piece
    return bytes(data)
