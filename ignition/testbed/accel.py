# SPDX-License-Identifier: Apache-2.0
"""KVM or emulation: which of them works on this machine."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from ignition.testbed.cache import build_folder, lock, print_progress
from ignition.testbed.options import escape

EMULATED = ("-accel", "tcg,thread=multi")
ANY_CPU = "max"
"""The emulated processor with every feature that QEMU has: any system starts on it."""
NATIVE = ("-accel", "kvm", "-cpu", "host")
DEVICE = "/dev/kvm"
PROBE_SECONDS = 10
"""A kernel without a root panics after half a second under KVM. Where KVM is broken it may hang."""
EXIT_PORT = 0xF4
BOOT_SECTOR = bytes.fromhex(
    "ba f8 03 b0 4b ee"  # mov dx, 0x3f8; mov al, 'K'; out dx, al: one letter on the serial port
    "ba f4 00 b0 10 ee"  # mov dx, EXIT_PORT; mov al, 0x10; out dx, al: ends QEMU
    "f4 eb fd"  # hlt; and again
)


def accelerator(kernel: Path | None = None, cpu: str = ANY_CPU) -> tuple[str, ...]:
    """QEMU's arguments for KVM or emulation. KVM is tested once per boot of this machine: by starting
    `kernel`, or a boot sector if there is none. Whatever is slower is said once.

    cpu   the processor to emulate, as `-cpu` takes it
    """
    return NATIVE if kvm_works(kernel) else (*EMULATED, "-cpu", cpu)


def kvm_works(kernel: Path | None = None) -> bool:
    """Whether guests run under KVM here."""
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        _say_once(f"{DEVICE} is {'not ours to open' if os.path.exists(DEVICE) else 'missing'}")
        return False
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    probe = "kernel" if kernel else "sector"
    with lock("kvm"):
        known = build_folder() / "kvm"
        answer, asked, by = _remembered(known)
        if asked != boot or (answer == "works" and (by, probe) == ("sector", "kernel")):
            answer = "works" if _probe(kernel) else "broken"
            known.write_text(f"{answer} {boot} {probe}")
    if answer == "broken":
        _say_once(f"{DEVICE} does not work ({known} remembers that until the next boot)")
    return answer == "works"


def _remembered(known: Path) -> tuple[str, str, str]:
    """Answer, boot, and what it was tested with."""
    words = known.read_text().split() if known.exists() else []
    answer, boot, by, *_ = [*words, "", "", ""]
    return answer, boot, by


@cache
def _say_once(why: str) -> None:
    print_progress(f"{why}: guests are emulated, which takes about ten times as long")


def _probe(kernel: Path | None) -> bool:
    if kernel is None:
        return _sector_boots(NATIVE)
    boot = ["-kernel", str(kernel), "-append", "console=ttyS0 panic=-1"]
    return b"Kernel panic" in _output(boot, NATIVE)


def _sector_boots(acceleration: tuple[str, ...]) -> bool:
    """Whether the firmware runs, reads a disk, and starts the boot sector."""
    with tempfile.NamedTemporaryFile(prefix="ignition-kvm-") as disk:
        disk.write(BOOT_SECTOR.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
        disk.flush()
        drive = f"file={escape(disk.name)},format=raw,if=none,id=disk,readonly=on"
        boot = [
            *("-drive", drive, "-device", "virtio-blk-pci,drive=disk,bootindex=0"),
            *("-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4"),
        ]
        return b"K" in _output(boot, acceleration)


def _output(boot: list[str], acceleration: tuple[str, ...]) -> bytes:
    """The serial console of a guest that ends by itself; empty if it does not."""
    try:
        return subprocess.run(
            [
                *("qemu-system-x86_64", *acceleration, "-M", "q35", "-m", "256", "-nodefaults"),
                *("-display", "none", "-no-reboot", "-serial", "stdio", *boot),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return b""
