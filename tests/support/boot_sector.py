# SPDX-License-Identifier: Apache-2.0
"""The smallest guest: a disk whose boot sector prints a text on the serial port, and then does one thing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from ignition.testbed.drives import Drive

ORIGIN = 0x7C00
_START = bytes.fromhex("31 c0 8e d8 fc")  # xor ax, ax; mov ds, ax; cld
_PRINT = bytes.fromhex(
    "ba f8 03 ac 84 c0 74 03 ee eb f8"
)  # mov dx, 0x3f8; until a zero: lodsb; out dx, al
_END = {
    "halt": bytes.fromhex("f4 eb fd"),  # hlt, for ever
    "off": bytes.fromhex("ba 04 06 b8 00 20 ef f4"),  # q35's power management: S5
    "reset": bytes.fromhex("ba f9 0c b0 06 ee f4"),  # the chipset's reset register
}


def guest(folder: Path, text: str, then: Literal["halt", "off", "reset"] = "halt") -> Drive:
    """A drive that boots: it prints `text` and goes on halted, powers off, or restarts."""
    code_size = len(_START) + 3 + len(_PRINT) + len(_END[then])
    load = b"\xbe" + (ORIGIN + code_size).to_bytes(2, "little")  # mov si, text
    program = _START + load + _PRINT + _END[then] + text.encode("ascii") + b"\0"
    assert len(program) <= 510
    image = folder / f"{then}.img"
    image.write_bytes(program.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    return Drive(image, boot=True)


def writer(image: Path, size: int) -> Drive:
    """A sparse drive of `size` bytes that boots and writes to itself, 32 KiB at a time."""
    start = bytes.fromhex("31 c0 8e d8")  # xor ax, ax; mov ds, ax
    packet_at = ORIGIN + 64
    sector_at = packet_at + 8
    again = (
        b"\xbe" + packet_at.to_bytes(2, "little")  # mov si, packet
        + bytes.fromhex("b8 00 43 b2 80 cd 13")  # mov ax, 0x4300; mov dl, 0x80; int 0x13: write
        + b"\x83\x06" + sector_at.to_bytes(2, "little") + b"\x40"  # add word [sector], 64
    )  # fmt: skip
    jump = b"\xeb" + (-len(again) - 2).to_bytes(1, "little", signed=True)
    packet = bytes.fromhex(
        "10 00 40 00 00 7c 00 00 01 00 00 00 00 00 00 00"
    )  # 64 sectors from 0x7c00 on
    program = (start + again + jump).ljust(64, b"\0") + packet
    image.write_bytes(program.ljust(510, b"\0") + b"\x55\xaa")
    os.truncate(image, size)
    return Drive(image, boot=True)
