# SPDX-License-Identifier: Apache-2.0
"""The programs of the target that the engine calls with --root, run from the target itself.

So the host needs neither systemd nor the tools for accounts, and their versions are the image's.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

ACCOUNTS = (
    *("useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel"),
    *("chpasswd", "chgpasswd", "gpasswd"),
)
FOLDERS = ("usr/sbin", "usr/bin", "sbin", "bin")


def install(root: Path, folder: Path) -> Path:
    """Fills `folder` with programs that stand in for the host's."""
    folder.mkdir()
    for name in (*ACCOUNTS, "systemctl"):
        program = find(root, name)
        if program:
            more = " --root=/" if name == "systemctl" else ""
            _write(
                folder / name,
                f'[ "$1" = --root ] && shift 2\nexec chroot {_quoted(root)} {program}{more} "$@"',
            )
    return folder


def find(root: Path, name: str) -> str:
    """The path in `root` of a program, "" if it has none."""
    for folder in FOLDERS:
        path = root / folder / name
        if path.is_symlink() or os.access(path, os.X_OK):
            return f"/{folder}/{name}"
    return ""


def _write(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
