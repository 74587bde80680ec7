# SPDX-License-Identifier: Apache-2.0
"""Four instructions that Python does not have, for x86-64: CPUID, IN, REP INS and REP OUTS.

Each is a few bytes of machine code in an executable mapping of its own, called through ctypes: load the
registers from memory, execute, store them again. A listing stands beside the bytes; a test holds the two
together.
"""

from __future__ import annotations

import os

from ignition.base.record import record
from ignition.system.vmware import Unusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# System V ABI: the first argument comes in rdi; rbx and rbp belong to the caller; the direction flag is
# clear.
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
# The stack holds the address of the registers; it and the rdi that came back change places.
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
    """Unsigned 64-bit values."""

    rax: int = 0
    rbx: int = 0
    rcx: int = 0
    rdx: int = 0
    rsi: int = 0
    rdi: int = 0
    rbp: int = 0


# As the code finds them in memory.
ORDER = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp")


def listing(instruction: str) -> tuple[tuple[str, str], ...]:
    """Bytes and assembly of the function that executes an instruction."""
    return ENTER + INSTRUCTIONS[instruction] + LEAVE


class Processor:
    """Executes the instructions. Unusable where the machine is another, or no memory may be executable."""

    __slots__ = ("_block", "_functions", "_memory", "address", "buffer")

    def __init__(self) -> None:
        if os.uname().machine != "x86_64":
            raise Unusable(f"a processor that is no x86-64 but {os.uname().machine}")
        try:
            import ctypes
            import mmap

            if ctypes.sizeof(ctypes.c_void_p) != 8:
                raise Unusable("an interpreter of 32 bits")
            self._memory = mmap.mmap(
                -1,
                mmap.PAGESIZE,
                mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS,
                mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC,
            )
        except (ImportError, MemoryError, OSError) as error:
            # Importing ctypes takes executable memory, too.
            raise Unusable(f"no executable memory: {error}") from error
        # Bytes, or as many zeros, in memory whose address can be had; with a zero behind.
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
        """One of INSTRUCTIONS with these registers; returns what it left there."""
        block = self._block(*(getattr(registers, name) for name in ORDER))
        self._functions[instruction](block)
        return Registers(*block)

    def hypervisor(self) -> bytes:
        """The twelve letters by which a hypervisor names itself; none on bare metal."""
        present = self.execute("cpuid", Registers(rax=1)).rcx >> 31 & 1
        if not present:
            return b""
        found = self.execute("cpuid", Registers(rax=0x40000000))
        return b"".join(part.to_bytes(4, "little") for part in (found.rbx, found.rcx, found.rdx))
