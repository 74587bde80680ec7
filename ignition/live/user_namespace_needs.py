# SPDX-License-Identifier: Apache-2.0
"""Why a machine gives an ordinary user no user namespace, and the commands that change it."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

IDS = 65536
"""Subordinate ids that a Debian needs: its nobody is 65534."""
UNSHARE = (2, 38)
"""The version of util-linux whose unshare has --map-auto."""

Reason = tuple[str, str]
"""What is missing, and a command as root that changes it ("" if there is no such command)."""


def missing(
    message: str, *, root: Path = Path("/"), path: str | None = None
) -> tuple[list[str], list[str]]:
    """All that is missing, and the commands that add it. `message` is what unshare said.

    `root` is where proc and etc are looked up, `path` where programs are.
    """
    found = [*_programs(path), *_subordinate_ids(root / "etc"), *_settings(root / "proc/sys")]
    reasons = [what for what, _ in found] or [message or "the kernel gives no reason"]
    return reasons, [command for _, command in found if command]


def _programs(path: str | None) -> Iterator[Reason]:
    unshare = shutil.which("unshare", path=path)
    version = _version(unshare) if unshare else (0,)
    if version < UNSHARE:
        has = f"this one is {'.'.join(map(str, version))}" if unshare else "there is none"
        yield f"unshare of util-linux 2.38 or newer ({has})", ""
    absent = [name for name in ("newuidmap", "newgidmap") if not shutil.which(name, path=path)]
    if absent:
        yield f"{' and '.join(absent)} of the package uidmap", "apt-get install uidmap"


def _version(program: str) -> tuple[int, ...]:
    done = subprocess.run([program, "--version"], capture_output=True, text=True)
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0,)


def _subordinate_ids(etc: Path) -> Iterator[Reason]:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    short = [name for name in ("subuid", "subgid") if _granted(etc / name, user) < IDS]
    if short:
        files = " and ".join(f"/etc/{name}" for name in short)
        yield (
            f"{IDS} subordinate ids for {user} in {files}",
            f"usermod --add-subuids 524288-589823 --add-subgids 524288-589823 {user}",
        )


def _granted(table: Path, user: str) -> int:
    """The number of ids that a table such as /etc/subuid gives to a user."""
    try:
        rows = [line.strip().split(":") for line in table.read_text().splitlines()]
    except OSError:
        return 0
    names = (user, str(os.getuid()))
    return sum(
        int(row[2]) for row in rows if len(row) == 3 and row[0] in names and row[2].isdecimal()
    )


def _settings(sysctl: Path) -> Iterator[Reason]:
    for name, forbids, value in (
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("user/max_user_namespaces", "0", "10000"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ):
        if _read(sysctl / name) == forbids:
            dotted = name.replace("/", ".")
            yield f"user namespaces: {dotted} is {forbids}", f"sysctl -w {dotted}={value}"


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
