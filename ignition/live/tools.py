# SPDX-License-Identifier: Apache-2.0
"""The programs of the target that the engine calls with --root, run from the target itself.

So the host needs neither systemd nor the tools for accounts, and their versions are the image's.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ignition.base.errors import Refused
from ignition.config.model import Config

ACCOUNTS = (
    *("useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel"),
    *("chpasswd", "chgpasswd", "gpasswd"),
)
FOLDERS = ("usr/sbin", "usr/bin", "sbin", "bin")
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
_CANNOT_START = (126, 127)
"""Exit statuses of chroot for a program that is there and does not start, as one for another processor."""


def install(root: Path, folder: Path, names: Iterable[str] = (*ACCOUNTS, "systemctl")) -> Path:
    """Fills `folder` with programs that stand in for the host's."""
    folder.mkdir(exist_ok=True)
    for name in names:
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


def starting(root: Path, config: Config) -> list[str]:
    """The programs that the config takes and that start in the root. Refused IGN6509 for one that it cannot
    do without and that the host has not either."""
    wanted = _accounts(config)
    names = [name for name in (*wanted, *_optional(config)) if _starts(root, name)]
    path = f"{os.environ.get('PATH', os.defpath)}:{SBIN}"
    for name in wanted:
        if name not in names and not shutil.which(name, path=path):
            raise Refused(
                "IGN6509",
                f"there is no {name} that runs, neither in {root} nor on PATH",
                hint="install the package passwd (Debian) or shadow-utils (Fedora) in one of them, "
                "or leave out passwd",
            )
    return names


def _accounts(config: Config) -> tuple[str, ...]:
    passwd = config.passwd
    users = ACCOUNTS[:3] if passwd.users else ()
    groups = ACCOUNTS[3:6] if passwd.groups else ()
    return (*users, *groups)


def _optional(config: Config) -> tuple[str, ...]:
    """The engine does without these: it edits shadow itself, and takes a unit for disabled."""
    hashes = ACCOUNTS[6:8] if _accounts(config) else ()
    disables = any(unit.enabled is False for unit in config.systemd.units)
    return (*hashes, *(("systemctl",) if disables else ()))


def _starts(root: Path, name: str) -> bool:
    program = find(root, name)
    if not program:
        return False
    done = subprocess.run(
        ["chroot", root, program, "--help"], stdin=subprocess.DEVNULL, capture_output=True
    )
    return done.returncode not in _CANNOT_START


def _write(path: Path, script: str) -> None:
    path.write_bytes(os.fsencode(f"#!/bin/sh\n{script}\n"))
    path.chmod(0o755)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
