# SPDX-License-Identifier: Apache-2.0
"""User-mode Linux: a whole kernel as one process on the machine's own files, of which it changes none."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

INIT = Path(__file__).parent / "uml-init"
PROGRAM = "linux.uml"
_ALONE = ("unshare", "--pid", "--fork", "--kill-child")
"""Processes of its own: those that stand for the guest's die with the first, however that dies."""
MEMORY_MIB = 6144
"""An upper bound: pages are taken from this machine when the guest touches them."""


def missing() -> str:
    """Why no such guest can run here; empty if it can."""
    if shutil.which(PROGRAM) is None:
        return f"no {PROGRAM}: apt-get install user-mode-linux"
    return "" if os.geteuid() == 0 else "takes root, to run with processes of its own"


def start(job: Path, shared: Path, *, systemd: bool = False) -> subprocess.Popen[bytes]:
    """Boots a guest that runs the shell script `job` as root and powers off.

    `shared` is a folder of this machine that the guest can really write to: it gets `log` (what the job
    said), `status` (its exit status) and `console`. With `systemd`, that is process 1 in the guest; else
    udevd runs alone.
    """
    for name in ("log", "status"):
        (shared / name).unlink(missing_ok=True)
    words = [f"ignition.job={job}", f"ignition.shared={shared}"]
    with (shared / "console").open("wb") as console:
        return subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", *_ALONE, PROGRAM),
                *(f"mem={MEMORY_MIB}M", "quiet", "rw"),
                *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", f"init={INIT}"),
                *("con=null", "con0=null,fd:1", *words, *(["ignition.systemd"] if systemd else [])),
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env={**os.environ, "TMPDIR": _memory_folder(shared)},
        )


def stop(guest: subprocess.Popen[bytes]) -> None:
    """Ends the guest, whatever it is doing."""
    guest.kill()
    guest.wait()


def _memory_folder(otherwise: Path) -> str:
    """Where the file that is the guest's memory lies: in memory if that can hold it."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_MIB << 20:
        return str(memory)
    return str(otherwise)
