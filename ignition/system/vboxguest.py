# SPDX-License-Identifier: Apache-2.0
"""Guest properties of VirtualBox: a service of the host, called through the driver's device node.

Source: linux/vboxguest.h and linux/vbox_vmmdev_types.h; functions of the service: VirtualBox's
GuestPropertySvc.h. All numbers are those of 64-bit programs.
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

# size in, version of the layout, type, result, size out, reserved; the sizes include this header.
HEADER = struct.Struct("<IIIiII")
LAYOUT = 0x10001
VERSION = struct.Struct("<II8x")  # of the interface: wanted and least
INTERFACE = 0x00010000
CONNECT = struct.Struct("<I128s")  # kind of place and the service's name
HERE = 2
CLIENT = struct.Struct("<I")
CALL = struct.Struct(
    "<IIIBBH"
)  # client, function, timeout in ms, interruptible, reserved, parameters
FOR_EVER = 0xFFFFFFFF
BUFFER = struct.Struct("<IIQ")  # kind, size, address
NUMBER_32 = struct.Struct("<II8x")
NUMBER_64 = struct.Struct("<IQ4x")
U32, U64, IN_OUT, IN = 1, 2, 4, 5

ASK_VERSION = 0xC02C5600
ASK_CONNECT = 0xC09C5604
ASK_DISCONNECT = 0xC01C5605
ASK_CALL = 0xC0005607  # plus the size, shifted by 16

OVERFLOW, NOT_FOUND, DENIED = -41, -78, -10
# A value may grow between two calls. No value is near the limit; the host itself takes less.
TRIES, LIMIT = 10, 16 * 1024 * 1024


class Properties:
    """`with Properties(log, path) as properties:` connects to the service and lets go of it again.

    IGN5620 where there is no such device, IGN5621 where the driver or the host refuses.
    """

    __slots__ = ("_client", "_device", "_log", "_path")

    def __init__(self, log: Log, path: str) -> None:
        self._log = log
        self._path = path

    def __enter__(self) -> Properties:
        if struct.calcsize("P") != 8:
            raise Failure("IGN5621", "the driver of VirtualBox is only asked by 64-bit programs")
        try:
            self._device = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise Failure(
                "IGN5620",
                f"{self._path} cannot be opened: {error.strerror}",
                hint="the kernel module vboxguest makes it, on a guest of VirtualBox",
            ) from error
        try:
            self._must("the version", ASK_VERSION, VERSION.pack(INTERFACE, INTERFACE), 44)
            answer = self._must("connecting", ASK_CONNECT, CONNECT.pack(HERE, SERVICE), 28)
        except Failure:
            os.close(self._device)
            raise
        (self._client,) = CLIENT.unpack_from(answer, HEADER.size)
        return self

    def __exit__(self, *_: object) -> Literal[False]:
        try:
            self._must("disconnecting", ASK_DISCONNECT, CLIENT.pack(self._client), HEADER.size)
        except Failure as failure:
            self._log.warning(failure.text)
        os.close(self._device)
        return False

    def get(self, name: str) -> bytes | None:
        """The value; None where there is no such property. What is no property is IGN5623."""
        key = _memory(name.encode() + b"\0")
        room = 1
        for _ in range(TRIES):
            value = _memory(bytes(room))
            result, parameters = self._call(
                f"reading {name}",
                GET,
                [
                    BUFFER.pack(IN, *_place(key)),
                    BUFFER.pack(IN_OUT, *_place(value)),
                    NUMBER_64.pack(U64, 0),
                    NUMBER_32.pack(U32, 0),
                ],
            )
            if result == NOT_FOUND:
                return None
            (needed,) = CLIENT.unpack_from(parameters, 3 * BUFFER.size + 4)
            if result not in (0, OVERFLOW):
                raise _refused(f"reading {name}", result)
            if result == 0 and needed <= room:
                # Value, NUL, flags, NUL.
                text, end, _ = value.tobytes().partition(b"\0")
                if not end:
                    raise Failure("IGN5623", f"the host's value of {name} has no end")
                return text
            if not room < needed <= LIMIT:
                break
            room = needed
        raise Failure("IGN5623", f"the host does not say how large the value of {name} is")

    def delete(self, name: str) -> None:
        """Removes a property; one that is not there is no error. IGN5624 where the host refuses."""
        key = _memory(name.encode() + b"\0")
        result, _ = self._call(f"deleting {name}", DELETE, [BUFFER.pack(IN, *_place(key))])
        if result == DENIED:
            raise Failure(
                "IGN5624",
                f"the host does not let the guest delete {name}",
                hint="it was set with the flag RDONLYGUEST, or this version of VirtualBox makes it so",
            )
        if result not in (0, NOT_FOUND):
            raise _refused(f"deleting {name}", result)

    def _call(self, what: str, function: int, parameters: list[bytes]) -> tuple[int, bytes]:
        """The host's result, and the parameters as it left them."""
        fixed = CALL.pack(self._client, function, FOR_EVER, 1, 0, len(parameters))
        body = fixed + b"".join(parameters)
        size = HEADER.size + len(body)
        result, answer = self._ask(what, ASK_CALL | size << 16, body, size)
        return result, answer[HEADER.size + CALL.size :]

    def _must(self, what: str, number: int, body: bytes, size_out: int) -> bytes:
        result, answer = self._ask(what, number, body, size_out)
        if result < 0:
            raise _refused(what, result)
        return answer

    def _ask(self, what: str, number: int, body: bytes, size_out: int) -> tuple[int, bytes]:
        """One ioctl: the result in the header, and all that came back."""
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
    """Bytes whose address can be had, without ctypes."""
    import array

    return array.array("B", data)


def _place(buffer: array.array[int]) -> tuple[int, int]:
    """Size and address, which is good as long as somebody holds the buffer."""
    address, size = buffer.buffer_info()
    return size, address


def _refused(what: str, result: int) -> Failure:
    return Failure("IGN5621", f"VirtualBox: {what} failed with {result}")
