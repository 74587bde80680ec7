# SPDX-License-Identifier: Apache-2.0
"""KVM or emulation: which of them works on this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ignition.testbed.cache import build_folder, lock, print_progress

EMULATED = ("-accel", "tcg,thread=multi", "-cpu", "max")
NATIVE = ("-accel", "kvm", "-cpu", "host")
PROBE_SECONDS = 10
"""A kernel without a root panics after half a second under KVM. Where KVM is broken it may hang."""


def accelerator(kernel: Path) -> tuple[str, ...]:
    """QEMU's arguments for KVM or emulation. `kernel` is started once per host boot to test KVM."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return EMULATED
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with lock("kvm"):
        known = build_folder() / "kvm"
        answer, _, asked = known.read_text().partition(" ") if known.exists() else ("", "", "")
        if asked != boot:
            answer = "works" if _kvm_works(kernel) else "broken"
            known.write_text(f"{answer} {boot}")
            if answer == "broken":
                print_progress(
                    f"/dev/kvm is unusable: emulating ({known} remembers that until the next boot)"
                )
    return NATIVE if answer == "works" else EMULATED


def _kvm_works(kernel: Path) -> bool:
    try:
        probe = subprocess.run(
            [
                *("qemu-system-x86_64", *NATIVE, "-M", "q35", "-m", "256", "-nodefaults"),
                *("-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", str(kernel)),
                *("-append", "console=ttyS0 panic=-1"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return b"Kernel panic" in probe.stdout
