# SPDX-License-Identifier: Apache-2.0
"""VirtualBox guest properties, a host service that is called through the guest driver's device node.

Sources: linux/vboxguest.h and linux/vbox_vmmdev_types.h; service functions: VirtualBox's GuestPropertySvc.h.
All numbers are for 64-bit processes.
"""

from __future__ import annotations

import os
import struct
from fcntl import ioctl

from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    import array
    from typing import Literal

    from ignition.base.log import Log

SERVICE = b"VBoxGuestPropSvc"
GET, DELETE = 1, 4

# size in, layout version, type, result, size out, reserved; sizes include this header
HEADER = struct.Struct("<IIIiII")
LAYOUT = 0x10001
VERSION = struct.Struct("<II8x")  # of the interface: requested and minimum
INTERFACE = 0x00010000
CONNECT = struct.Struct("<I128s")  # location type and service name
LOCAL_HOST = 2
CLIENT = struct.Struct("<I")
CALL = struct.Struct(
    "<IIIBBH"
)  # client, function, timeout in ms, interruptible, reserved, parameters
NO_TIMEOUT = 0xFFFFFFFF
BUFFER = struct.Struct("<IIQ")  # kind, size, address
NUMBER_32 = struct.Struct("<II8x")
NUMBER_64 = struct.Struct("<IQ4x")
U32, U64, IN_OUT, IN = 1, 2, 4, 5

IOCTL_VERSION = 0xC02C5600
IOCTL_CONNECT = 0xC09C5604
IOCTL_DISCONNECT = 0xC01C5605
IOCTL_CALL = 0xC0005607  # plus the size, shifted by 16

OVERFLOW, NOT_FOUND, DENIED = -41, -78, -10
# A value may grow between two calls. The host's own limit for values is lower.
TRIES, LIMIT = 10, 16 * 1024 * 1024


class Properties:
    """`with Properties(log, path) as properties:` connects to the service and disconnects at the end.

    IGN5620 if the device does not exist, IGN5621 if the driver or the host refuses.
    """

    __slots__ = ("_client", "_device", "_log", "_path")

    def __init__(self, log: Log, path: str) -> None:
        self._log = log
        self._path = path

    def __enter__(self) -> Properties:
        if struct.calcsize("P") != 8:
            raise Failure("IGN5621", "the VirtualBox driver can only be used by 64-bit processes")
        try:
            self._device = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise Failure(
                "IGN5620",
                f"{self._path} cannot be opened: {error.strerror}",
                hint="on a VirtualBox guest, the kernel module vboxguest creates it",
            ) from error
        try:
            self._ioctl_checked(
                "the version", IOCTL_VERSION, VERSION.pack(INTERFACE, INTERFACE), 44
            )
            answer = self._ioctl_checked(
                "connecting", IOCTL_CONNECT, CONNECT.pack(LOCAL_HOST, SERVICE), 28
            )
        except Failure:
            os.close(self._device)
            raise
        (self._client,) = CLIENT.unpack_from(answer, HEADER.size)
        return self

    def __exit__(self, *_: object) -> Literal[False]:
        try:
            self._ioctl_checked(
                "disconnecting", IOCTL_DISCONNECT, CLIENT.pack(self._client), HEADER.size
            )
        except Failure as failure:
            self._log.warning(failure.text)
        os.close(self._device)
        return False

    def get(self, name: str) -> bytes | None:
        """The value of a property, None if it does not exist. IGN5623 if the host's reply is invalid."""
        key = _memory(name.encode() + b"\0")
        size = 1
        for _ in range(TRIES):
            value = _memory(bytes(size))
            result, parameters = self._call(
                f"reading {name}",
                GET,
                [
                    BUFFER.pack(IN, *_address_of(key)),
                    BUFFER.pack(IN_OUT, *_address_of(value)),
                    NUMBER_64.pack(U64, 0),
                    NUMBER_32.pack(U32, 0),
                ],
            )
            if result == NOT_FOUND:
                return None
            (needed,) = CLIENT.unpack_from(parameters, 3 * BUFFER.size + 4)
            if result not in (0, OVERFLOW):
                raise _refused(f"reading {name}", result)
            if result == 0 and needed <= size:
                # Value, NUL, flags, NUL.
                text, end, _ = value.tobytes().partition(b"\0")
                if not end:
                    raise Failure("IGN5623", f"the host's value of {name} is not terminated")
                return text
            if not size < needed <= LIMIT:
                break
            size = needed
        raise Failure("IGN5623", f"the host does not report the size of {name}")

    def delete(self, name: str) -> None:
        """Deletes a property; a missing one is fine. IGN5624 if the host does not allow it."""
        key = _memory(name.encode() + b"\0")
        result, _ = self._call(f"deleting {name}", DELETE, [BUFFER.pack(IN, *_address_of(key))])
        if result == DENIED:
            raise Failure(
                "IGN5624",
                f"the host does not allow the guest to delete {name}",
                hint="it has the flag RDONLYGUEST, which some VirtualBox versions set by default",
            )
        if result not in (0, NOT_FOUND):
            raise _refused(f"deleting {name}", result)

    def _call(self, what: str, function: int, parameters: list[bytes]) -> tuple[int, bytes]:
        """Calls a service function. Returns the host's result and the parameters after the call."""
        fixed = CALL.pack(self._client, function, NO_TIMEOUT, 1, 0, len(parameters))
        body = fixed + b"".join(parameters)
        size = HEADER.size + len(body)
        result, answer = self._ioctl(what, IOCTL_CALL | size << 16, body, size)
        return result, answer[HEADER.size + CALL.size :]

    def _ioctl_checked(self, what: str, number: int, body: bytes, size_out: int) -> bytes:
        result, answer = self._ioctl(what, number, body, size_out)
        if result < 0:
            raise _refused(what, result)
        return answer

    def _ioctl(self, what: str, number: int, body: bytes, size_out: int) -> tuple[int, bytes]:
        """One ioctl. Returns the result from the header, and the whole reply."""
        size_in = HEADER.size + len(body)
        message = bytearray(HEADER.pack(size_in, LAYOUT, 0, 0, size_out, 0) + body)
        message += bytes(max(0, size_out - size_in))
        try:
            ioctl(self._device, number, message)
        except OSError as error:
            raise Failure(
                "IGN5621", f"{self._path}: {what} failed: {error.strerror}", cause=error
            ) from error
        return HEADER.unpack_from(message)[3], bytes(message)


def _memory(data: bytes) -> array.array[int]:
    """A buffer whose address is available without ctypes."""
    import array

    return array.array("B", data)


def _address_of(buffer: array.array[int]) -> tuple[int, int]:
    """Size and address of a buffer; valid while the buffer is referenced."""
    address, size = buffer.buffer_info()
    return size, address


def _refused(what: str, result: int) -> Failure:
    return Failure("IGN5621", f"VirtualBox: {what} failed with {result}")
