# SPDX-License-Identifier: Apache-2.0
"""A hypervisor of VMware for one program: its accesses to the ports are caught and answered.

The program runs under ptrace. Outside VMware an IN from a port that is not its own kills it; here that
signal is the moment to look at its registers, do what the hypervisor would do, and let it go on behind
the instruction. So the machine code and the whole conversation run for real, on any x86-64. What is known
of the hypervisor comes from open-vm-tools; nobody has held this against a real one.
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
    """The program did what the hypervisor does not answer; the text says what."""


class _Conversation:
    """What the hypervisor knows of an open channel."""

    def __init__(self) -> None:
        self.expected = 0
        self.request = b""
        self.reply: bytes | None = None
        self.handed_out = 0


class Hypervisor:
    """Variables of a virtual machine, and what a program does with them.

    `fast`: large pieces go through the second port. `cookies`: channels may be opened with a cookie.
    `interruptions`: so many payloads must be sent or received anew. `closed`: the ports are not for
    everybody. `read_only`: keys that cannot be written.
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
        """What the program returns; its children are watched, too. Refusal if it raises or is killed.

        `variables` and the notes are then those of the end of the run.
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
        """Deals with a program that stands still; returns the signal that it is to get."""
        if number in (signal.SIGSTOP, signal.SIGTRAP):  # a new child, and word of one
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
        """IN: a command, its kind in the upper half of ecx; the answer is in the registers."""
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
        """The status of a step of a conversation."""
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
        """REP OUTS and REP INS: a whole payload, from and to the program's memory."""
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
        """The status of a step during which the machine was moved; 0 when it was not."""
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
        """What a remote call comes to."""
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
        faulthandler.disable()  # a test runner's: the signals here are none of its business
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
