# SPDX-License-Identifier: Apache-2.0
"""Sets a password hash without chpasswd or chgpasswd, for an initramfs that lacks them.

useradd would take the hash as an argument, which every process can see while it runs. So we rewrite the line
of the table as those tools would.
"""

from __future__ import annotations

import time
from stat import S_IMODE

from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.root import Root

_DAY = 86400
# Table of hashes -> the table that has the hashes without it, and what follows the hash in a new line.
_FALLBACK = {"shadow": ("passwd", "{day}::::::"), "gshadow": ("group", ":")}
_HASH_IS_IN_SHADOW = "x"


def set_hash(root: Root, table: str, name: str, password_hash: str) -> None:
    """Sets the hash of a user (table `shadow`) or group (`gshadow`) that exists."""
    fallback, rest = _FALLBACK[table]
    if (
        _field(root, fallback, name) == _HASH_IS_IN_SHADOW
        and root.lstat(f"/etc/{table}") is not None
    ):
        new_line = f"{name}:{password_hash}:{rest.format(day=_today())}\n"
        _rewrite(root, table, name, password_hash, new_line)
    else:
        _rewrite(root, fallback, name, password_hash, "")


def _field(root: Root, table: str, name: str) -> str:
    """The second field of the name's line, "" without such a line."""
    for line in _text(root, table).split("\n"):
        fields = line.split(":")
        if fields[0] == name and len(fields) > 1:
            return fields[1]
    return ""


def _rewrite(root: Root, table: str, name: str, password_hash: str, new_line: str) -> None:
    """Sets the hash in the line of that name, or appends `new_line`."""
    lines = _text(root, table).splitlines(keepends=True)
    for index, line in enumerate(lines):
        fields = line.split(":")
        if fields[0] == name and len(fields) > 2:
            fields[1] = password_hash
            if table == "shadow":
                fields[2] = str(_today())
            lines[index] = ":".join(fields)
            break
    else:
        if not new_line:
            raise Failure("IGN3202", f'unable to lookup "{name}" in /etc/{table}')
        lines.append(new_line)
    parent, _, file = root.resolve_folder(f"/etc/{table}").rpartition("/")
    with root.folder(parent) as folder:
        found = folder.lstat(file)
        mode, owner = (
            (0o644, ()) if found is None else (S_IMODE(found.st_mode), (found.st_uid, found.st_gid))
        )
        folder.write(file, "".join(lines).encode("utf-8", "surrogateescape"), mode, *owner)


def _text(root: Root, table: str) -> str:
    return (root.read(f"/etc/{table}") or b"").decode("utf-8", "surrogateescape")


def _today() -> int:
    return int(time.time()) // _DAY
