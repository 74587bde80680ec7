# SPDX-License-Identifier: Apache-2.0
"""Whether the machine has a TPM 2.0 that clevis can use."""

from __future__ import annotations

import os
import time

from ignition.base import interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds. udev loads the driver, and firmware TPMs are slow to answer it.
PATIENCE = 10
# Names the TPM for tpm2-tools, for example swtpm:port=2321. clevis then does not look for a device.
VARIABLE = "TPM2TOOLS_TCTI"
# The node with the kernel's resource manager, without which clevis does not work.
_MANAGED = "tpmrm"
_PLAIN = "tpm"


def wait_for_tpm(
    limit: float,
    progress: Callable[[str], None],
    devices_dir: str = "/dev",
    patience: float = PATIENCE,
) -> str:
    """Waits for the TPM. Returns why clevis cannot use it, "" if it can.

    `limit` is the time limit for devices in seconds, 0 = none; it only counts if it is shorter.
    """
    end = time.monotonic() + (min(limit, patience) if limit else patience)
    while True:
        problem = find_problem(devices_dir)
        if not problem or time.monotonic() >= end:
            return problem
        progress("waiting for the TPM")
        interrupt.sleep(0.1)


def find_problem(devices_dir: str = "/dev") -> str:
    """Why clevis cannot use the TPM now, "" if it can. It takes the first node named tpmrm and one digit."""
    if os.environ.get(VARIABLE):
        return ""
    try:
        names = sorted(os.listdir(devices_dir))
    except OSError:
        names = []
    managed = [
        name for name in names if name.startswith(_MANAGED) and len(name) == len(_MANAGED) + 1
    ]
    if managed:
        node = os.path.join(devices_dir, managed[0])
        usable = os.access(node, os.R_OK | os.W_OK)
        return "" if usable else f"{node} is not readable and writable"
    if any(name.startswith(_PLAIN) and name[len(_PLAIN) :].isdigit() for name in names):
        return "its TPM has no /dev/tpmrm0: it is a TPM 1.2, or the kernel has no resource manager"
    return "the machine has no TPM (no /dev/tpmrm0)"
