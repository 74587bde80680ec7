# SPDX-License-Identifier: Apache-2.0
"""Waits until everything written is on disk, and reports lost writes.

sync(2) cannot fail. syncfs(2) reports every writeback error since its descriptor was opened, so the
filesystems are opened before the first write (Linux 5.8; older kernels only report errors during the call).
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

# Filesystems without a disk; opening an automount point would mount it.
_PSEUDO = (
    *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts"),
    *("devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore"),
    *("ramfs", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tmpfs", "tracefs"),
)


class FilesystemSync:
    """The filesystem of a root folder and all filesystems mounted below it, kept open until `close`."""

    __slots__ = ("_filesystems",)

    def __init__(self, root: str) -> None:
        """Raises Failure if a limit of the process is exceeded."""
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
            return  # a bind-mounted file, or not accessible for writing either
        self._filesystems.append((path, fileno))

    def sync(self) -> None:
        """Syncs all filesystems. Failure IGN3407 names those that lost writes."""
        syncfs = _syncfs()
        lost = []
        for path, fileno in self._filesystems:
            problem = syncfs(fileno)
            if problem:
                lost.append(f"{path} ({os.strerror(problem).lower()})")
        if lost:
            raise Failure(
                "IGN3407",
                f"data could not be written to disk: {', '.join(lost)}",
                hint="the kernel log names the device; is it broken, or is the storage behind it full?",
            )

    def __del__(self) -> None:
        self.close()  # a failed phase does not reach its last step

    def close(self) -> None:
        """Closes all filesystems."""
        while self._filesystems:
            os.close(self._filesystems.pop()[1])


def _mounted_in(top: str) -> Iterator[str]:
    """Mount points below a folder, one per filesystem that may be on a disk."""
    seen = set()
    start = f"{top.rstrip('/')}/"
    for mount in read_mounts():
        if (
            mount.target.startswith(start)
            and mount.fstype not in _PSEUDO
            and mount.number not in seen
        ):
            seen.add(mount.number)
            yield mount.target


def _syncfs() -> Callable[[int], int]:
    """syncfs(2) as a function that returns 0 or an errno. Python does not offer it, and importing ctypes
    costs five times as much as using _ctypes."""
    import _ctypes

    class Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "i"

    class Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = Int

    program: Any = None  # the process itself, including the C library
    call = Function(_ctypes.dlsym(_ctypes.dlopen(program, 0), "syncfs"))

    def syncfs(fileno: int) -> int:
        while call(fileno):
            problem = _ctypes.get_errno()
            if problem != errno.EINTR:
                return problem
        return 0

    return syncfs
