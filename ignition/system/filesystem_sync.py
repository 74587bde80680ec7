# SPDX-License-Identifier: Apache-2.0
"""Waiting until what was written is on the disk, and learning of it if it is not.

os.sync() waits, and cannot fail. syncfs(2) tells of each write that was lost since the descriptor that it is
given was opened, so the filesystems are opened before the first write (Linux 5.8; before that it tells of
those that are lost while it waits).
"""

from __future__ import annotations

import errno
import os

from ignition.base.errors import Failure, oserror_failure, resource_limit
from ignition.system.mounts import read_mounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

# Nothing of these reaches a disk, and to open an automount point is to mount it.
_PSEUDO = (
    *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts"),
    *("devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore"),
    *("ramfs", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tmpfs", "tracefs"),
)


class FilesystemSync:
    """The filesystem that holds a root folder, and those that are mounted in it, open until `close`."""

    __slots__ = ("_filesystems",)

    def __init__(self, root: str) -> None:
        """Failure where a limit of the process is in the way."""
        self._filesystems: list[tuple[str, int]] = []
        top = os.path.realpath(root or "/")
        try:
            for path in (top, *_mounted_in(top)):
                self._open(path)
        except OSError as error:
            self.close()
            raise oserror_failure(error) from error

    def _open(self, path: str) -> None:
        try:
            fileno = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            if resource_limit(error):
                raise
            return  # a single file, or nothing that anybody could write to
        self._filesystems.append((path, fileno))

    def sync(self) -> None:
        """Returns when all is on the disk. Failure IGN3407 for the filesystems that have lost something."""
        syncfs = _syncfs()
        lost = []
        for path, fileno in self._filesystems:
            problem = syncfs(fileno)
            if problem:
                lost.append(f"{path} ({os.strerror(problem).lower()})")
        if lost:
            raise Failure(
                "IGN3407",
                f"what was written did not reach the disk: {', '.join(lost)}",
                hint="the kernel's log names the device: is it broken, or the pool or image below it full?",
            )

    def __del__(self) -> None:
        self.close()  # where the phase fails nobody comes to the end of it

    def close(self) -> None:
        while self._filesystems:
            os.close(self._filesystems.pop()[1])


def _mounted_in(top: str) -> Iterator[str]:
    """Mount points below a folder, one for each filesystem that may lie on a disk."""
    seen = set()
    start = f"{top.rstrip('/')}/"
    for mount in read_mounts():
        if (
            mount.target.startswith(start)
            and mount.kind not in _PSEUDO
            and mount.number not in seen
        ):
            seen.add(mount.number)
            yield mount.target


def _syncfs() -> Callable[[int], int]:
    """The system call: 0, or the number of an error. Nothing that Python brings makes it, and the module
    ctypes costs five times what is needed of it."""
    import _ctypes

    class Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "i"

    class Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = Int

    program: Any = None  # and what it is linked with: the C library
    call = Function(_ctypes.dlsym(_ctypes.dlopen(program, 0), "syncfs"))

    def syncfs(fileno: int) -> int:
        while call(fileno):
            problem = _ctypes.get_errno()
            if problem != errno.EINTR:
                return problem
        return 0

    return syncfs
