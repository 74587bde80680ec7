# SPDX-License-Identifier: Apache-2.0
"""The way to VMware's hypervisor by port I/O, which all of its products have had from the beginning.

The hypervisor watches two ports that no hardware has and answers in the processor's registers. Ordinary
programs may use them: the kernel has no say, so neither has its lockdown. Source of the numbers:
lib/include/backdoor_def.h and lib/message/message.c of open-vm-tools.
"""

from __future__ import annotations

import os

from ignition.system.vmware import REPLY_LIMIT, Unusable
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
FAST_MESSAGE = SUCCESS << 16  # command 0, and the status that the hypervisor is to change

# A machine that is suspended or moved in the middle of a message has to begin it again.
TRIES = 100
_ALL_ONES = 0xFFFFFFFF
_SIGSEGV = 11


def call(request: bytes) -> bytes:
    """One request and its reply. Unusable where nothing answers on the port.

    An access that is not let through is a fault that no Python program survives, so a child makes it. The
    port is free for all unless the virtual machine is set to `monitor_control.restrict_backdoor`; then it
    takes iopl(3), which the child asks for after it has failed without.
    """
    Processor()
    status, reply = _in_child(request, privileged=False)
    if status == -_SIGSEGV:
        status, reply = _in_child(request, privileged=True)
    if status < 0:
        raise Unusable(f"the port is closed (signal {-status})")
    if status > 0:
        raise Unusable(reply.decode(errors="replace"))
    return reply


def _in_child(request: bytes, *, privileged: bool) -> tuple[int, bytes]:
    """Exit status (negative: the signal) of a child that makes the call, and the reply or the reason
    against it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(request, privileged, write)
    os.close(write)
    with open(read, "rb") as pipe:
        reply = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), reply


def _answer(request: bytes, privileged: bool, write: int) -> NoReturn:
    """The child: it must not come back into the program that it is a copy of."""
    status = 1
    try:
        try:
            if privileged:
                _open_ports()
            reply = converse(Processor(), request)
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
        raise Unusable(f"the port is closed, and iopl: {os.strerror(ctypes.get_errno())}")


def converse(processor: Processor, request: bytes) -> bytes:
    """One request and its reply, from the process that this is. Killed by SIGSEGV where the port is
    closed."""
    asked = Registers(rax=MAGIC, rcx=GET_VERSION, rdx=PORT)
    found = processor.execute("in", asked).rax
    if found & _ALL_ONES in (0, _ALL_ONES):
        raise Unusable("nothing answers on the port")
    channel = _Channel(processor)
    try:
        for _ in range(TRIES):
            if channel.send(request):
                break
        else:
            raise Unusable("sending was interrupted again and again")
        for _ in range(TRIES):
            reply = channel.receive()
            if reply is not None:
                return reply
        raise Unusable("receiving was interrupted again and again")
    finally:
        channel.close()


class _Channel:
    """A channel to the hypervisor's remote calls. Its registers are 32-bit, but for addresses."""

    __slots__ = ("_cookie", "_number", "_processor")

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self._number = 0
        self._cookie = (0, 0)
        opened = self._ask(OPEN, RPCI | WITH_COOKIE)
        if not _status(opened) & SUCCESS:
            opened = self._ask(OPEN, RPCI)
        if not _status(opened) & SUCCESS:
            raise Unusable("the hypervisor opens no channel for remote calls")
        self._number = _high(opened.rdx)
        self._cookie = (opened.rsi & _ALL_ONES, opened.rdi & _ALL_ONES)

    def send(self, data: bytes) -> bool:
        """Sends a message; False if it must be sent again."""
        status = _status(self._ask(SEND_SIZE, len(data)))
        if not _done(status):
            return False
        if status & FAST:
            return _done(self._send_fast(data))
        pieces = (data[start : start + 4] for start in range(0, len(data), 4))
        return all(
            _done(_status(self._ask(SEND, int.from_bytes(piece, "little")))) for piece in pieces
        )

    def receive(self) -> bytes | None:
        """The message that waits; None if it must be asked for again."""
        announced = self._ask(RECEIVE_SIZE, 0)
        status = _status(announced)
        if not _done(status):
            return None
        if not status & WAITING:
            raise Unusable("the hypervisor does not reply")
        size = announced.rbx & _ALL_ONES
        if _high(announced.rdx) != SEND_SIZE or size > REPLY_LIMIT:
            raise Unusable("the hypervisor announces what is no reply")
        data = self._receive_fast(size) if size and status & FAST else self._receive_slowly(size)
        if data is None or not _done(_status(self._ask(RECEIVED, SUCCESS))):
            return None
        return data

    def close(self) -> None:
        """Gives the channel back; the hypervisor has few of them."""
        self._ask(CLOSE, 0)

    def _receive_slowly(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            answer = self._ask(RECEIVE, SUCCESS)
            if not _done(_status(answer)):
                return None
            if _high(answer.rdx) != SEND:
                raise Unusable("the hypervisor sends what is no part of a reply")
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

    def _ask(self, kind: int, value: int) -> Registers:
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
    """Whether an operation took place; False where it must begin anew."""
    if status & SUCCESS:
        return True
    if status & CHECKPOINT:
        return False
    raise Unusable("the hypervisor breaks the message off")
