# SPDX-License-Identifier: Apache-2.0
"""Files that nobody should read: devices, pipes, sockets, links, and one that is far too large."""

from __future__ import annotations

import os
import stat
from pathlib import Path

KINDS = ("fifo", "socket", "zero", "block", "folder", "link", "sparse")


def put(path: Path, kind: str) -> None:
    """Creates a special file, a folder, a symlink or a sparse file of 200 GiB."""
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    elif kind == "zero":
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    elif kind == "block":
        os.mknod(path, stat.S_IFBLK | 0o600, os.makedev(7, 0))
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "sparse":
        path.touch()
        os.truncate(path, 200 << 30)
