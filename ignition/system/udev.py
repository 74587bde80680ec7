# SPDX-License-Identifier: Apache-2.0
"""Triggers udev and waits for it as `udevadm trigger --settle` does, without starting a program.

The kernel repeats an identifier that is written with the trigger, and so does udev once it has processed the
event. udev processes the events of a disk and its partitions one after the other, in the kernel's order.
"""

from __future__ import annotations

import _socket
import os
import time

# Netlink protocol of device events, and the group in which udev passes them on.
_UEVENTS = 15
_PROCESSED = 2
_NEW_IDENTIFIER = "/proc/sys/kernel/random/uuid"
_LARGEST = 1 << 16
# Longer than udev gives its worker for an event.
SECONDS = 200.0


def trigger(nodes: list[str]) -> None:
    """Triggers a change event of each block device and waits until udev has processed all.

    Raises TimeoutError if udev does not answer within SECONDS, OSError if a device disappears and if events
    were lost.
    """
    listener = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC, _UEVENTS)
    try:
        listener.bind((0, _PROCESSED))
        waiting = {_trigger(node) for node in nodes}
        deadline = time.monotonic() + SECONDS
        while waiting:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            listener.settimeout(left)
            message = listener.recv(_LARGEST)
            waiting = {identifier for identifier in waiting if identifier not in message}
    finally:
        listener.close()


def _trigger(node: str) -> bytes:
    """Returns the property by which the event is recognised."""
    number = os.stat(node).st_rdev
    with open(_NEW_IDENTIFIER, encoding="ascii") as file:
        identifier = file.read().strip()
    path = f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/uevent"
    trigger = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(trigger, f"change {identifier}".encode())
    finally:
        os.close(trigger)
    return f"SYNTH_UUID={identifier}\0".encode()
