# SPDX-License-Identifier: Apache-2.0
"""Running programs on the developer's machine, with their output kept for the case that they fail."""

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
    "linux.uml": "user-mode-linux",
    "unshare": "util-linux",
    "make": "make",
}
"""Program -> the Debian packages that bring it."""

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def need(*programs: str) -> None:
    """Raises IGN8001, naming the packages to install, unless all programs are there."""
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
    """Standard output of the program; all that it says also goes into `log`. IGN8002 when it fails."""
    words = [str(word) for word in argv]
    done = subprocess.run(
        words,
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
            f"{words[0]} failed with status {done.returncode}:\n{tail}",
            status=done.returncode,
            stdout=done.stdout,
            stderr=done.stderr,
        )
    return done.stdout


def _path() -> str:
    """PATH with the folders of system programs, which an ordinary user's PATH on Debian lacks."""
    return os.environ.get("PATH", "/usr/bin:/bin") + ":" + SBIN
