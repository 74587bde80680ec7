# SPDX-License-Identifier: Apache-2.0
"""Runs programs on the developer's machine. Their output is kept for the failure message."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ignition.base.errors import CommandFailed, Failure

PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "grub-mkrescue": "grub-common grub-pc-bin xorriso mtools",
    "xorriso": "xorriso",
    "mformat": "mtools",
    "mcopy": "mtools",
    "mkfs.vfat": "dosfstools",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "linux.uml": "user-mode-linux",
    "unshare": "util-linux",
    "make": "make",
}
"""Program -> the Debian packages that contain it."""

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def need(*programs: str) -> None:
    """Failure (IGN8001) if a program is not installed; the hint names the packages."""
    missing = [name for name in programs if shutil.which(name, path=_path()) is None]
    if missing:
        packages = sorted({one for name in missing for one in PACKAGES.get(name, name).split()})
        raise Failure(
            "IGN8001",
            f"cannot find {', '.join(missing)}",
            hint=f"apt-get install {' '.join(packages)}",
        )


def run(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> str:
    """The standard output of a program; `log` gets both outputs. CommandFailed (IGN8002) if it fails."""
    args = [str(arg) for arg in argv]
    done = subprocess.run(
        args,
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(environ or {}), "PATH": _path()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if log is not None:
        log.write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        raise CommandFailed(
            "IGN8002",
            f"{args[0]} failed with status {done.returncode}:\n{tail}",
            status=done.returncode,
            stdout=done.stdout,
            stderr=done.stderr,
        )
    return done.stdout


def _path() -> str:
    """PATH with the sbin folders, which an ordinary user's PATH on Debian lacks."""
    return os.environ.get("PATH", "/usr/bin:/bin") + ":" + SBIN
