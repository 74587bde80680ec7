# SPDX-License-Identifier: Apache-2.0
"""The one way to open a file that somebody else may have put there, and writing the engine's own small files.

A file is looked at before it is opened: what opening or reading a device, a FIFO or a socket does is not
what was meant, and need not end. A size is looked at before the first byte is read.
"""

from __future__ import annotations

import errno
import os
import stat

# For what is read into memory as a whole. Tables of accounts and records of runs are far smaller.
DEFAULT_LIMIT = 16 << 20
# What the engine keeps for itself between phases: a config may be 64 MiB, and be merged of several.
STATE_LIMIT = 256 << 20

_NULL = os.makedev(1, 3)
_PIECE = 1 << 20
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


class UnusableFile(OSError):
    """What lies at a path is not what can be read or written there. `code` is that of the failure."""

    def __init__(self, code: str, why: str, path: str) -> None:
        super().__init__(errno.EINVAL, why, path)
        self.code = code


def open_regular(
    path: str, flags: int = os.O_RDONLY, *, folder: int | None = None, follow: bool = False
) -> int:
    """A descriptor of a regular file, which the caller closes. `path` counts from the open `folder`.

    Unfit (IGN3402) for anything else, which is not even opened; other OSErrors as of open(2).
    """
    _demand_regular(os.stat(path, dir_fd=folder, follow_symlinks=follow), path)
    # Where it was exchanged in between, non-blocking keeps a FIFO from holding us.
    more = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    fileno = os.open(path, flags | more, dir_fd=folder)
    try:
        _demand_regular(os.fstat(fileno), path)
    except BaseException:
        os.close(fileno)
        raise
    return fileno


def read_regular(
    path: str, limit: int = DEFAULT_LIMIT, *, folder: int | None = None, follow: bool = False
) -> bytes:
    """The bytes of a regular file, at most `limit` (else Unfit, IGN3403). The null device counts as empty."""
    if not check_regular(path, limit, folder=folder, follow=follow):
        return b""
    fileno = open_regular(path, folder=folder, follow=follow)
    try:
        data = bytearray()
        # Of a file in /proc or /sys the size says nothing, and any file may grow meanwhile.
        while piece := os.read(fileno, _PIECE):
            data += piece
            if len(data) > limit:
                raise _too_large(path, limit)
    finally:
        os.close(fileno)
    return bytes(data)


def check_regular(
    path: str, limit: int = DEFAULT_LIMIT, *, folder: int | None = None, follow: bool = False
) -> bool:
    """Whether there is anything to read. Unfit as of `read_regular`, without reading."""
    found = os.stat(path, dir_fd=folder, follow_symlinks=follow)
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == _NULL:
        return False
    _demand_regular(found, path)
    if found.st_size > limit:
        raise _too_large(path, limit)
    return True


def _demand_regular(found: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise UnusableFile("IGN3402", f"it is {kind}, not a regular file", path)


def _too_large(path: str, limit: int) -> UnusableFile:
    return UnusableFile("IGN3403", f"it is larger than {limit >> 20} MiB", path)


def write_atomically(path: str, data: bytes, mode: int) -> None:
    """Replaces whatever is at `path` by a file with exactly this mode. The temporary file stands beside it.

    OSError when it cannot be written; then the old file is untouched and no temporary one is left.
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
    """An empty file, mode 0644, its folders made 0755. It replaces what was there."""
    os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
    write_atomically(path, b"", 0o644)
