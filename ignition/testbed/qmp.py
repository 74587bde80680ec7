# SPDX-License-Identifier: Apache-2.0
"""QEMU's monitor, QMP: commands to a running guest, and its events.

The connection is one end of a socket pair, so nothing is left in the file system and no path is too long.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping
from typing import Any

from ignition.base.errors import Failure

TIMEOUT = 20
"""Seconds for QEMU to answer. It may be busy with an emulated guest."""


class Monitor:
    """The monitor of one QEMU process. `fd` is the end that QEMU gets."""

    def __init__(self) -> None:
        self._socket, self._far = socket.socketpair()
        self._events: list[dict[str, Any]] = []
        self._answers: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    @property
    def fd(self) -> int:
        return self._far.fileno()

    def arguments(self) -> list[str]:
        """QEMU's arguments for this monitor."""
        return ["-chardev", f"socket,id=qmp,fd={self.fd}", "-mon", "chardev=qmp,mode=control"]

    def start(self) -> None:
        """Call it when QEMU has been started."""
        self._far.close()
        self._thread.start()
        self._send({"execute": "qmp_capabilities"})

    def command(self, name: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Runs a command. Failure IGN8010 if QEMU refuses it; nothing happens if QEMU has ended."""
        self._send({"execute": name, "arguments": dict(arguments or {})})

    def events(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of this name so far."""
        with self._news:
            return [event.get("data", {}) for event in self._events if event["event"] == name]

    def close(self) -> None:
        self._socket.close()
        self._far.close()
        if self._thread.is_alive():
            self._thread.join(TIMEOUT)

    def _send(self, message: dict[str, Any]) -> None:
        with self._news:
            self._answers.clear()
            try:
                self._socket.sendall(json.dumps(message).encode() + b"\n")
            except OSError:
                return
            self._news.wait_for(lambda: self._answers or self._closed, TIMEOUT)
            error = self._answers[0].get("error") if self._answers else None
        if error:
            raise Failure("IGN8010", f"QEMU refused {message['execute']}: {error.get('desc')}")

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as stream:
                for line in stream:
                    self._take(json.loads(line))
        except (OSError, ValueError):
            pass  # QEMU was killed in the middle of a message
        with self._news:
            self._closed = True
            self._news.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        with self._news:
            if "event" in message:
                self._events.append(message)
            elif "return" in message or "error" in message:
                self._answers.append(message)
            self._news.notify_all()
