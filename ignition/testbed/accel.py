# SPDX-License-Identifier: Apache-2.0
"""Whether this machine can really run guests on its processor, or whether QEMU must emulate one."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

from ignition.testbed.cache import say

EMULATED = ("-accel", "tcg,thread=multi", "-cpu", "max")
NATIVE = ("-accel", "kvm", "-cpu", "host")
PROBE_SECONDS = 10
"""A kernel without a root gives up after half a second under KVM; where KVM is only a file it hangs."""


@cache
def accelerator(kernel: Path) -> tuple[str, ...]:
    """QEMU's arguments for the fastest way that works here, found out by starting `kernel` once."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return EMULATED
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
        say("/dev/kvm is there but a kernel hangs under it: emulating")
        return EMULATED
    return NATIVE if b"Kernel panic" in probe.stdout else EMULATED
