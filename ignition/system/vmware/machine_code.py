# SPDX-License-Identifier: Apache-2.0
"""Four x86-64 instructions that Python cannot execute: CPUID, IN, REP INS and REP OUTS.

Each one is a few bytes of machine code in an executable mapping, called through ctypes: load the registers
from memory, execute, store them again. The assembly is listed beside the bytes; a test checks that they
match.
"""

from __future__ import annotations

import os

from ignition.base.record import record
from ignition.system.vmware import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# System V ABI: the first argument is in rdi; rbx and rbp are callee-saved; the direction flag is clear.
ENTER = (
    ("53", "push rbx"),
    ("55", "push rbp"),
    ("57", "push rdi"),
    ("48 8b 07", "mov rax,QWORD PTR [rdi]"),
    ("48 8b 5f 08", "mov rbx,QWORD PTR [rdi+0x8]"),
    ("48 8b 4f 10", "mov rcx,QWORD PTR [rdi+0x10]"),
    ("48 8b 57 18", "mov rdx,QWORD PTR [rdi+0x18]"),
    ("48 8b 77 20", "mov rsi,QWORD PTR [rdi+0x20]"),
    ("48 8b 6f 30", "mov rbp,QWORD PTR [rdi+0x30]"),
    ("48 8b 7f 28", "mov rdi,QWORD PTR [rdi+0x28]"),
)
INSTRUCTIONS = {
    "cpuid": (("0f a2", "cpuid"),),
    "in": (("ed", "in eax,dx"),),
    "rep_ins": (("fc", "cld"), ("f3 6c", "rep ins BYTE PTR es:[rdi],dx")),
    "rep_outs": (("fc", "cld"), ("f3 6e", "rep outs dx,BYTE PTR ds:[rsi]")),
}
# The top of the stack is the address of the registers; it is swapped with the resulting rdi.
LEAVE = (
    ("48 87 3c 24", "xchg QWORD PTR [rsp],rdi"),
    ("48 89 07", "mov QWORD PTR [rdi],rax"),
    ("48 89 5f 08", "mov QWORD PTR [rdi+0x8],rbx"),
    ("48 89 4f 10", "mov QWORD PTR [rdi+0x10],rcx"),
    ("48 89 57 18", "mov QWORD PTR [rdi+0x18],rdx"),
    ("48 89 77 20", "mov QWORD PTR [rdi+0x20],rsi"),
    ("48 89 6f 30", "mov QWORD PTR [rdi+0x30],rbp"),
    ("58", "pop rax"),
    ("48 89 47 28", "mov QWORD PTR [rdi+0x28],rax"),
    ("5d", "pop rbp"),
    ("5b", "pop rbx"),
    ("c3", "ret"),
)


@record
class Registers:
    """Unsigned 64-bit register values."""

    rax: int = 0
    rbx: int = 0
    rcx: int = 0
    rdx: int = 0
    rsi: int = 0
    rdi: int = 0
    rbp: int = 0


# Their order in memory.
ORDER = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp")


def listing(instruction: str) -> tuple[tuple[str, str], ...]:
    """Bytes and assembly of the function that executes an instruction."""
    return ENTER + INSTRUCTIONS[instruction] + LEAVE


class Processor:
    """Executes the instructions.

    TransportError on other architectures, or if executable memory is forbidden.
    """

    __slots__ = ("_block", "_functions", "_memory", "address", "buffer")

    def __init__(self) -> None:
        if os.uname().machine != "x86_64":
            raise TransportError(f"the processor is {os.uname().machine}, not x86-64")
        try:
            import ctypes
            import mmap

            if ctypes.sizeof(ctypes.c_void_p) != 8:
                raise TransportError("the interpreter is a 32-bit program")
            self._memory = mmap.mmap(
                -1,
                mmap.PAGESIZE,
                mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS,
                mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC,
            )
        except (ImportError, MemoryError, OSError) as error:
            # Importing ctypes needs executable memory too.
            raise TransportError(f"no executable memory: {error}") from error
        # Creates a NUL-terminated buffer from bytes, or from a number of zeros.
        self.buffer: Callable[[bytes | int], Any] = ctypes.create_string_buffer
        self.address: Callable[[Any], int] = ctypes.addressof
        self._block = ctypes.c_uint64 * len(ORDER)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        prototype = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        self._functions: dict[str, Callable[[Any], None]] = {}
        for name in INSTRUCTIONS:
            self._functions[name] = prototype(start + self._memory.tell())
            self._memory.write(bytes.fromhex("".join(code for code, _ in listing(name))))

    def execute(self, instruction: str, registers: Registers) -> Registers:
        """Executes one of INSTRUCTIONS with these registers and returns the resulting registers."""
        block = self._block(*(getattr(registers, name) for name in ORDER))
        self._functions[instruction](block)
        return Registers(*block)

    def hypervisor(self) -> bytes:
        """The hypervisor's 12-byte CPUID signature; empty on bare metal."""
        present = self.execute("cpuid", Registers(rax=1)).rcx >> 31 & 1
        if not present:
            return b""
        found = self.execute("cpuid", Registers(rax=0x40000000))
        return b"".join(part.to_bytes(4, "little") for part in (found.rbx, found.rcx, found.rdx))
