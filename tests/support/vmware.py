# SPDX-License-Identifier: Apache-2.0
"""Emulates VMware's hypervisor for one program by trapping its port accesses.

The program runs under ptrace. Outside VMware an IN instruction without permission raises SIGSEGV; the
tracer then reads the registers, does what the hypervisor would do, and resumes the program behind the
instruction. So the machine code and the whole protocol run unchanged, on any x86-64. The behaviour follows
open-vm-tools; it was never compared with a real hypervisor.
"""

from __future__ import annotations

import ctypes
import faulthandler
import io
import os
import pickle
import signal
import struct
from collections.abc import Callable

from ignition.system.vmware import backdoor

_TRACE_ME, _CONTINUE, _GET_REGISTERS, _SET_REGISTERS, _SET_OPTIONS = 0, 7, 12, 13, 0x4200
_FOLLOW_FORKS, _KILL_WITH_TRACER = 0x02, 0x100000
_ALL_CHILDREN = 0x40000000  # __WALL
_DIRECTION_FLAG = 1 << 10
_ALL_ONES = 0xFFFFFFFF
_COOKIE = (0x1234ABCD, 0x89EF5670)

_IN, _REP_INS, _REP_OUTS = b"\xed", b"\xf3\x6c", b"\xf3\x6e"


class _UserRegisters(ctypes.Structure):
    """struct user_regs_struct of sys/user.h."""

    _fields_ = [
        (name, ctypes.c_ulonglong)
        for name in (
            *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8"),
            *("rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss"),
            *("fs_base", "gs_base", "ds", "es", "fs", "gs"),
        )
    ]


class Refusal(Exception):
    """The program sent a request that the hypervisor does not support."""


class _Conversation:
    """The state of an open channel."""

    def __init__(self) -> None:
        self.expected = 0
        self.request = b""
        self.reply: bytes | None = None
        self.handed_out = 0


class Hypervisor:
    """The guestinfo variables of a virtual machine, and a log of the accesses to them.

    fast           supports the high-bandwidth port
    cookies        supports channels with a cookie
    interruptions  payloads that must be sent or received again
    closed         denies access to the ports
    read_only      keys that cannot be written
    """

    def __init__(
        self,
        variables: dict[str, bytes],
        *,
        fast: bool = True,
        cookies: bool = True,
        interruptions: int = 0,
        closed: bool = False,
        read_only: tuple[str, ...] = (),
    ) -> None:
        self.variables = variables
        self.requests: list[bytes] = []
        self.accesses: list[str] = []
        self.complaints: list[str] = []
        self.open: dict[int, _Conversation] = {}
        self._fast = fast
        self._cookies = cookies
        self._interruptions = interruptions
        self._closed = closed
        self._read_only = read_only
        self._opened = 0

    def run(self, program: Callable[[], bytes]) -> bytes:
        """Runs a program and its children; returns its result. Refusal if it raises or is killed.

        Afterwards `variables` and the logs have their final values.
        """
        notes = os.memfd_create("hypervisor")
        process = os.fork()
        if process == 0:
            try:
                outcome = self._watch(program)
                os.write(notes, pickle.dumps((outcome, self.__dict__)))
            finally:
                os._exit(0)
        os.waitpid(process, 0)
        os.lseek(notes, 0, os.SEEK_SET)
        with open(notes, "rb") as file:
            (done, text), self.__dict__ = pickle.loads(file.read())
        if not done:
            raise Refusal(text.decode(errors="replace"))
        return bytes(text)

    def _watch(self, program: Callable[[], bytes]) -> tuple[bool, bytes]:
        result = os.memfd_create("result")
        first = os.fork()
        if first == 0:
            _traced(program, result)
        os.waitpid(first, 0)
        _ptrace(_SET_OPTIONS, first, _FOLLOW_FORKS | _KILL_WITH_TRACER)
        _ptrace(_CONTINUE, first, 0)
        status = 0
        while True:
            try:
                process, state = os.waitpid(-1, _ALL_CHILDREN)
            except ChildProcessError:
                break
            if not os.WIFSTOPPED(state):
                status = state if process == first else status
                continue
            _ptrace(_CONTINUE, process, self._stopped(process, os.WSTOPSIG(state)))
        os.lseek(result, 0, os.SEEK_SET)
        with open(result, "rb") as file:
            return os.waitstatus_to_exitcode(status) == 0, file.read()

    def _stopped(self, process: int, number: int) -> int:
        """Handles a stopped process; returns the signal to deliver to it."""
        if number in (signal.SIGSTOP, signal.SIGTRAP):  # a new child, and its event in the parent
            return 0
        if number != signal.SIGSEGV or self._closed:
            return number
        registers = _UserRegisters()
        _ptrace(_GET_REGISTERS, process, ctypes.addressof(registers))
        with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
            try:
                memory.seek(registers.rip)
                code = memory.read(2)
                if code[:1] == _IN:
                    self._ask(registers)
                    registers.rip += 1
                elif code in (_REP_INS, _REP_OUTS):
                    self._copy(registers, memory, out=code == _REP_OUTS)
                    registers.rip += 2
                else:
                    return number
            except Refusal as refusal:
                self.complaints.append(str(refusal))
                return number
        _ptrace(_SET_REGISTERS, process, ctypes.addressof(registers))
        return 0

    def _ask(self, at: _UserRegisters) -> None:
        """Handles IN: a command, its type in the upper half of ecx; the registers get the reply."""
        if (at.rax, at.rdx & 0xFFFF) != (backdoor.MAGIC, backdoor.PORT):
            at.rax = _ALL_ONES
            return
        command, kind = at.rcx & 0xFFFF, at.rcx >> 16
        if command == backdoor.GET_VERSION:
            at.rax, at.rbx = 6, backdoor.MAGIC
            self.accesses.append("version")
        elif command == backdoor.MESSAGE and kind == backdoor.OPEN:
            self._open(at)
        elif command == backdoor.MESSAGE:
            talk = self._of(at.rdx >> 16, at.rsi, at.rdi)
            _set_high(at, "rcx", self._message(kind, talk, at))
        else:
            raise Refusal(f"command {command}")

    def _open(self, at: _UserRegisters) -> None:
        self.accesses.append("open")
        wanted = backdoor.RPCI | (backdoor.WITH_COOKIE if self._cookies else 0)
        if at.rbx != wanted:
            _set_high(at, "rcx", 0)
            return
        self._opened += 1
        self.open[self._opened] = _Conversation()
        _set_high(at, "rcx", backdoor.SUCCESS)
        _set_high(at, "rdx", self._opened)
        at.rsi, at.rdi = _COOKIE if self._cookies else (0, 0)

    def _of(self, number: int, first: int, second: int) -> _Conversation:
        if number not in self.open:
            raise Refusal(f"there is no channel {number}")
        if (first, second) != (_COOKIE if self._cookies else (0, 0)):
            raise Refusal(f"{first:#x}, {second:#x} is not the cookie")
        return self.open[number]

    def _message(self, kind: int, talk: _Conversation, at: _UserRegisters) -> int:
        """Handles one message; returns its status."""
        fast = backdoor.FAST if self._fast else 0
        match kind:
            case backdoor.SEND_SIZE:
                self.accesses.append("send size")
                talk.expected, talk.request = at.rbx, b""
                return backdoor.SUCCESS | fast
            case backdoor.SEND:
                self.accesses.append("send")
                left = talk.expected - len(talk.request)
                self._take(talk, struct.pack("<I", at.rbx)[:left])
                return self._interrupted() or backdoor.SUCCESS
            case backdoor.RECEIVE_SIZE:
                self.accesses.append("receive size")
                if talk.reply is None:
                    return backdoor.SUCCESS
                talk.handed_out = 0
                at.rbx = len(talk.reply)
                _set_high(at, "rdx", backdoor.SEND_SIZE)
                return backdoor.SUCCESS | backdoor.WAITING | fast
            case backdoor.RECEIVE if talk.reply is not None and at.rbx == backdoor.SUCCESS:
                self.accesses.append("receive")
                piece = talk.reply[talk.handed_out : talk.handed_out + 4]
                talk.handed_out += len(piece)
                at.rbx = int.from_bytes(piece.ljust(4, b"?"), "little")
                _set_high(at, "rdx", backdoor.SEND)
                return self._interrupted() or backdoor.SUCCESS
            case backdoor.RECEIVED if at.rbx == backdoor.SUCCESS:
                self.accesses.append("received")
                talk.reply = None
                return backdoor.SUCCESS
            case backdoor.CLOSE:
                self.accesses.append("close")
                del self.open[at.rdx >> 16]
                return backdoor.SUCCESS
        raise Refusal(f"message {kind} with {at.rbx:#x}")

    def _copy(self, at: _UserRegisters, memory: io.FileIO, *, out: bool) -> None:
        """Handles REP OUTS and REP INS: copies a payload from or to the program's memory."""
        if (at.rax, at.rdx & 0xFFFF, at.rbx) != (backdoor.MAGIC, backdoor.FAST_PORT, 1 << 16):
            raise Refusal(f"rax {at.rax:#x}, rdx {at.rdx:#x}, rbx {at.rbx:#x} at the second port")
        if at.eflags & _DIRECTION_FLAG:
            raise Refusal("the direction flag is set")
        talk = self._of(at.rdx >> 16, *((at.rbp, at.rdi) if out else (at.rsi, at.rbp)))
        size = at.rcx
        self.accesses.append("fast send" if out else "fast receive")
        if out:
            memory.seek(at.rsi)
            data = memory.read(size)
            at.rsi += size
        else:
            if talk.reply is None or size != len(talk.reply):
                raise Refusal(f"{size} bytes are not what waits")
            memory.seek(at.rdi)
            memory.write(talk.reply)
            at.rdi += size
        at.rcx = 0
        interrupted = self._interrupted()
        if out and not interrupted:
            self._take(talk, data)
        _set_high(at, "rbx", interrupted or backdoor.SUCCESS)

    def _interrupted(self) -> int:
        """The status after an interruption by a checkpoint, or 0."""
        if self._interruptions == 0:
            return 0
        self._interruptions -= 1
        return backdoor.CHECKPOINT

    def _take(self, talk: _Conversation, data: bytes) -> None:
        talk.request += data
        if len(talk.request) > talk.expected:
            raise Refusal(f"{len(talk.request)} bytes were sent, {talk.expected} announced")
        if len(talk.request) == talk.expected:
            talk.reply = self.answer(talk.request)

    def answer(self, request: bytes) -> bytes:
        """The reply to a remote call."""
        self.requests.append(request)
        command, _, rest = request.partition(b" ")
        key, _, value = rest.partition(b" ")
        name = key.decode().removeprefix("guestinfo.")
        if not key.startswith(b"guestinfo.") or command not in (b"info-get", b"info-set"):
            return b"0 Unknown command"
        if command == b"info-get":
            found = self.variables.get(name)
            return b"0 No value found" if found is None else b"1 " + found
        if name in self._read_only:
            return b"0 Permission denied"
        self.variables[name] = value
        return b"1 "


def _traced(program: Callable[[], bytes], result: int) -> None:
    status = 1
    try:
        faulthandler.disable()  # pytest's handler must not report the signals here
        _ptrace(_TRACE_ME, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            text = program()
            status = 0
        except Exception as error:
            text = f"{type(error).__name__}: {error}".encode()
        with open(result, "wb", closefd=False) as file:
            file.write(text)
    finally:
        os._exit(status)


def _ptrace(request: int, process: int, data: int) -> None:
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.restype = ctypes.c_long
    call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if call(request, process, None, data) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _set_high(registers: _UserRegisters, name: str, value: int) -> None:
    setattr(registers, name, getattr(registers, name) & 0xFFFF | value << 16)
