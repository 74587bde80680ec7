# SPDX-License-Identifier: Apache-2.0
"""The port I/O transport, supported by all VMware products.

The hypervisor traps accesses to two ports and replies in CPU registers. Unprivileged programs may use them;
the kernel is not involved, so neither is its lockdown. Source of the numbers: lib/include/backdoor_def.h and
lib/message/message.c of open-vm-tools.
"""

from __future__ import annotations

import os

from ignition.system.vmware import REPLY_LIMIT, TransportError
from ignition.system.vmware.machine_code import Processor, Registers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

MAGIC = 0x564D5868
PORT, FAST_PORT = 0x5658, 0x5659

GET_VERSION, MESSAGE = 10, 0x1E
OPEN, SEND_SIZE, SEND, RECEIVE_SIZE, RECEIVE, RECEIVED, CLOSE = range(7)
RPCI = 0x49435052
WITH_COOKIE = 0x80000000
SUCCESS, WAITING, CHECKPOINT, FAST = 0x01, 0x02, 0x10, 0x80
FAST_MESSAGE = SUCCESS << 16  # command 0 with a status that the hypervisor updates

# A message is restarted if the machine is suspended or migrated in between.
TRIES = 100
_ALL_ONES = 0xFFFFFFFF
_SIGSEGV = 11


def call(request: bytes) -> bytes:
    """Sends a request and returns the reply. TransportError if nothing answers on the port.

    A denied access is a fault that kills the process, so a child process makes it. The port is open to all
    programs unless the virtual machine has `monitor_control.restrict_backdoor` set. Then it takes iopl(3),
    which is tried after a first failure.
    """
    Processor()
    status, reply = _in_child(request, privileged=False)
    if status == -_SIGSEGV:
        status, reply = _in_child(request, privileged=True)
    if status < 0:
        raise TransportError(f"the port is closed (signal {-status})")
    if status > 0:
        raise TransportError(reply.decode(errors="replace"))
    return reply


def _in_child(request: bytes, *, privileged: bool) -> tuple[int, bytes]:
    """Runs the call in a child. Returns its exit status (negative: the signal) and the reply or the error."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _run_child(request, privileged, write)
    os.close(write)
    with open(read, "rb") as pipe:
        reply = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), reply


def _run_child(request: bytes, privileged: bool, write: int) -> NoReturn:
    """The child process. It must exit here and not return into the parent's code."""
    status = 1
    try:
        try:
            if privileged:
                _open_ports()
            reply = exchange(Processor(), request)
            status = 0
        except Exception as error:
            reply = str(error).encode()
        with open(write, "wb") as pipe:
            pipe.write(reply)
    finally:
        os._exit(status)


def _open_ports() -> None:
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if library.iopl(3) != 0:
        raise TransportError(
            f"the port is closed, and iopl failed: {os.strerror(ctypes.get_errno())}"
        )


def exchange(processor: Processor, request: bytes) -> bytes:
    """Sends a request and returns the reply, in this process. SIGSEGV kills it if the port is closed."""
    asked = Registers(rax=MAGIC, rcx=GET_VERSION, rdx=PORT)
    found = processor.execute("in", asked).rax
    if found & _ALL_ONES in (0, _ALL_ONES):
        raise TransportError("nothing answers on the port")
    channel = _Channel(processor)
    try:
        for _ in range(TRIES):
            if channel.send(request):
                break
        else:
            raise TransportError("sending was interrupted too often")
        for _ in range(TRIES):
            reply = channel.receive()
            if reply is not None:
                return reply
        raise TransportError("receiving was interrupted too often")
    finally:
        channel.close()


class _Channel:
    """A channel for remote calls. Registers are 32-bit, except for addresses."""

    __slots__ = ("_cookie", "_number", "_processor")

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self._number = 0
        self._cookie = (0, 0)
        opened = self._execute(OPEN, RPCI | WITH_COOKIE)
        if not _status(opened) & SUCCESS:
            opened = self._execute(OPEN, RPCI)
        if not _status(opened) & SUCCESS:
            raise TransportError("the hypervisor does not open a channel for remote calls")
        self._number = _high(opened.rdx)
        self._cookie = (opened.rsi & _ALL_ONES, opened.rdi & _ALL_ONES)

    def send(self, data: bytes) -> bool:
        """Sends a message; False if it must be sent again."""
        status = _status(self._execute(SEND_SIZE, len(data)))
        if not _done(status):
            return False
        if status & FAST:
            return _done(self._send_fast(data))
        pieces = (data[start : start + 4] for start in range(0, len(data), 4))
        return all(
            _done(_status(self._execute(SEND, int.from_bytes(piece, "little")))) for piece in pieces
        )

    def receive(self) -> bytes | None:
        """Receives a message; None if it must be requested again."""
        announced = self._execute(RECEIVE_SIZE, 0)
        status = _status(announced)
        if not _done(status):
            return None
        if not status & WAITING:
            raise TransportError("the hypervisor does not reply")
        size = announced.rbx & _ALL_ONES
        if _high(announced.rdx) != SEND_SIZE or size > REPLY_LIMIT:
            raise TransportError("the hypervisor announces an invalid reply")
        data = self._receive_fast(size) if size and status & FAST else self._receive_slow(size)
        if data is None or not _done(_status(self._execute(RECEIVED, SUCCESS))):
            return None
        return data

    def close(self) -> None:
        """Closes the channel; the hypervisor only has a few."""
        self._execute(CLOSE, 0)

    def _receive_slow(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            answer = self._execute(RECEIVE, SUCCESS)
            if not _done(_status(answer)):
                return None
            if _high(answer.rdx) != SEND:
                raise TransportError("the hypervisor sends an invalid part of a reply")
            data += (answer.rbx & _ALL_ONES).to_bytes(4, "little")
        return bytes(data[:size])

    def _send_fast(self, data: bytes) -> int:
        first, second = self._cookie
        buffer = self._processor.buffer(data)
        registers = Registers(
            rax=MAGIC,
            rbx=FAST_MESSAGE,
            rcx=len(data),
            rdx=self._number << 16 | FAST_PORT,
            rsi=self._processor.address(buffer),
            rdi=second,
            rbp=first,
        )
        return _high(self._processor.execute("rep_outs", registers).rbx)

    def _receive_fast(self, size: int) -> bytes | None:
        first, second = self._cookie
        buffer = self._processor.buffer(size)
        registers = Registers(
            rax=MAGIC,
            rbx=FAST_MESSAGE,
            rcx=size,
            rdx=self._number << 16 | FAST_PORT,
            rsi=first,
            rdi=self._processor.address(buffer),
            rbp=second,
        )
        done = _done(_high(self._processor.execute("rep_ins", registers).rbx))
        return bytes(buffer.raw[:size]) if done else None

    def _execute(self, kind: int, value: int) -> Registers:
        first, second = self._cookie
        registers = Registers(
            rax=MAGIC,
            rbx=value,
            rcx=kind << 16 | MESSAGE,
            rdx=self._number << 16 | PORT,
            rsi=first,
            rdi=second,
        )
        return self._processor.execute("in", registers)


def _high(register: int) -> int:
    return register >> 16 & 0xFFFF


def _status(answer: Registers) -> int:
    return _high(answer.rcx)


def _done(status: int) -> bool:
    """Whether the operation succeeded; False if it must be restarted."""
    if status & SUCCESS:
        return True
    if status & CHECKPOINT:
        return False
    raise TransportError("the hypervisor aborts the message")
