# SPDX-License-Identifier: Apache-2.0
"""Opens files that somebody else may control, and writes the engine's own small files.

Files are stat'ed before they are opened, since opening or reading a device, FIFO or socket may have side
effects or block for ever. The size is checked before the first byte is read.
"""

from __future__ import annotations

import errno
import os
import stat

# For files that are read into memory as a whole. passwd, group and reports are far smaller.
DEFAULT_LIMIT = 16 << 20
# For the engine's own cache and state: one config may have 64 MiB, and a merge combines several.
STATE_LIMIT = 256 << 20

_NULL = os.makedev(1, 3)
_CHUNK = 1 << 20
_FILE_TYPES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


class UnusableFile(OSError):
    """The file is of the wrong type or too large. `code` is the code of the failure to report."""

    def __init__(self, code: str, why: str, path: str) -> None:
        super().__init__(errno.EINVAL, why, path)
        self.code = code


def open_regular(
    path: str, flags: int = os.O_RDONLY, *, folder: int | None = None, follow: bool = False
) -> int:
    """Opens a regular file; the caller closes the descriptor. `path` is relative to the descriptor `folder`.

    UnusableFile (IGN3402) for any other file type, without opening it; OSError as from open(2).
    """
    _require_regular(os.stat(path, dir_fd=folder, follow_symlinks=follow), path)
    # The file may have been replaced since the stat: O_NONBLOCK keeps a FIFO from blocking the open.
    more = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    fileno = os.open(path, flags | more, dir_fd=folder)
    try:
        _require_regular(os.fstat(fileno), path)
    except BaseException:
        os.close(fileno)
        raise
    return fileno


def read_regular(
    path: str, limit: int = DEFAULT_LIMIT, *, folder: int | None = None, follow: bool = False
) -> bytes:
    """Reads a regular file of at most `limit` bytes, else UnusableFile (IGN3403). /dev/null reads as
    empty."""
    if not check_regular(path, limit, folder=folder, follow=follow):
        return b""
    fileno = open_regular(path, folder=folder, follow=follow)
    try:
        data = bytearray()
        # The stat size is meaningless in /proc and /sys, and any file may grow while it is read.
        while chunk := os.read(fileno, _CHUNK):
            data += chunk
            if len(data) > limit:
                raise _too_large(path, limit)
    finally:
        os.close(fileno)
    return bytes(data)


def check_regular(
    path: str, limit: int = DEFAULT_LIMIT, *, folder: int | None = None, follow: bool = False
) -> bool:
    """Applies the checks of `read_regular` without reading. False for /dev/null, which reads as empty."""
    found = os.stat(path, dir_fd=folder, follow_symlinks=follow)
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == _NULL:
        return False
    _require_regular(found, path)
    if found.st_size > limit:
        raise _too_large(path, limit)
    return True


def _require_regular(found: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _FILE_TYPES.get(stat.S_IFMT(found.st_mode), "something else")
        raise UnusableFile("IGN3402", f"it is {kind}, not a regular file", path)


def _too_large(path: str, limit: int) -> UnusableFile:
    return UnusableFile("IGN3403", f"it is larger than {limit >> 20} MiB", path)


def write_atomically(path: str, data: bytes, mode: int) -> None:
    """Replaces `path` with a file of exactly this mode, through a temporary file in the same directory.

    On OSError the old file is unchanged and the temporary file is removed.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def touch(path: str) -> None:
    """Replaces `path` with an empty file, mode 0644. Missing parent directories get mode 0755."""
    os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
    write_atomically(path, b"", 0o644)
