# SPDX-License-Identifier: Apache-2.0
"""Runs user-mode Linux on the host's root filesystem, which stays unchanged."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

INIT = Path(__file__).parent / "uml-init"
PROGRAM = "linux.uml"
_ALONE = ("unshare", "--pid", "--fork", "--kill-child")
"""A PID namespace: the host processes of the guest are killed with the first one."""
MEMORY_MIB = 6144
"""An upper limit: the host allocates pages when the guest touches them."""


def missing() -> str:
    """Why user-mode Linux cannot run here; "" if it can."""
    if shutil.which(PROGRAM) is None:
        return f"no {PROGRAM}: apt-get install user-mode-linux"
    return "" if os.geteuid() == 0 else "takes root, for a PID namespace"


def start(job: Path, shared: Path, *, systemd: bool = False) -> subprocess.Popen[bytes]:
    """Boots a guest that runs the shell script `job` as root and powers off.

    `shared`: a host folder that the guest can write to. It gets `log` (output of the job), `status` (its exit
    status) and `console`. With `systemd` that is process 1; otherwise only udevd runs.
    """
    for name in ("log", "status"):
        (shared / name).unlink(missing_ok=True)
    args = [f"ignition.job={job}", f"ignition.shared={shared}"]
    with (shared / "console").open("wb") as console:
        return subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", *_ALONE, PROGRAM),
                *(f"mem={MEMORY_MIB}M", "quiet", "rw"),
                *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", f"init={INIT}"),
                *("con=null", "con0=null,fd:1", *args, *(["ignition.systemd"] if systemd else [])),
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env={**os.environ, "TMPDIR": _memory_folder(shared)},
        )


def stop(guest: subprocess.Popen[bytes]) -> None:
    """Kills the guest."""
    guest.kill()
    guest.wait()


def _memory_folder(otherwise: Path) -> str:
    """The folder for the guest's memory file: /dev/shm if it is large enough."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_MIB << 20:
        return str(memory)
    return str(otherwise)
