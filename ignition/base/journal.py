# SPDX-License-Identifier: Apache-2.0
"""Structured journal entries, sent to journald over its native socket.

Protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
"""

from __future__ import annotations

from ignition.base.printable import printable

FETCHED_CONFIG = "57124006b5c94805b77ce473e92a8aeb"
WROTE_SSH_KEYS = "225067b87bbd4a0cb6ab151f82fa364b"
SOCKET = "/run/systemd/journal/socket"


def send(message: str, message_id: str, fields: dict[str, str], socket: str = SOCKET) -> bool:
    """Sends one entry at info level with the identifier `ignition`. False if journald is not reachable."""
    import _socket

    entry = {
        "MESSAGE": message,
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "ignition",
        "MESSAGE_ID": message_id,
        **fields,
    }
    data = b"".join(_field(name, value) for name, value in entry.items())
    try:
        endpoint = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
        try:
            endpoint.connect(socket)
            endpoint.send(data)
        finally:
            endpoint.close()
    except OSError:
        return False
    return True


def _field(name: str, value: str) -> bytes:
    data = printable(value).encode()
    return name.encode() + b"=" + data + b"\n"
