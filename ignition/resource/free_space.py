# SPDX-License-Identifier: Apache-2.0
"""Checks that a download fits on the filesystem of its file.

The check runs before the first byte if the size is announced, and during the download if the body is
decompressed, so that a small gzip file cannot fill a disk.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISREG

from ignition.base.errors import Failure
from ignition.resource.sizes import format_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin

# Bytes that a decompressed body leaves free for the rest of the system, or this fraction of a small
# filesystem. Half of it covers the blocks that ext4 reports as free but never hands out, not even to root.
RESERVE = 32 << 20
RESERVE_DIVISOR = 32
_CHECK_INTERVAL = 1 << 20
NO_SPACE_ERRNOS = (errno.ENOSPC, errno.EDQUOT)


class FreeSpace:
    """The free space for one file that is being written."""

    __slots__ = ("_fileno", "_name", "_origin", "_unchecked")

    def __init__(self, fileno: int, name: str, origin: Origin | None) -> None:
        self._fileno = fileno
        self._name = name
        self._origin = origin
        self._unchecked = 0

    def expect(self, size: int) -> None:
        """Failure IGN4024 if a body of `size` bytes does not fit."""
        stats = self._filesystem()
        # btrfs reports no inodes, and compression may make the body fit: there only a failed write decides.
        if stats is None or not stats.f_files:
            return
        free = _free(stats)
        if size > free:
            there = f"{format_size(size)} are announced, {format_size(free)} are free"
            raise no_space(self._name, there, self._origin)

    def check(self, size: int) -> None:
        """Failure IGN4023 if the next write of `size` bytes would use up the reserve."""
        self._unchecked += size
        if self._unchecked < _CHECK_INTERVAL:
            return
        stats = self._filesystem()
        if stats is not None:
            reserve = min(RESERVE, stats.f_blocks * stats.f_frsize // RESERVE_DIVISOR)
            if _free(stats) - self._unchecked < reserve:
                raise Failure(
                    "IGN4023",
                    f"{self._name} fills the filesystem while it is unpacked",
                    self._origin,
                    hint=f"only {format_size(_free(stats))} are free: check that this is the right file, or "
                    "make the filesystem larger",
                )
        self._unchecked = 0

    def _filesystem(self) -> os.statvfs_result | None:
        """None if free space has no meaning: a device, or a filesystem without a limit (ramfs)."""
        try:
            if not S_ISREG(os.fstat(self._fileno).st_mode):
                return None
            stats = os.fstatvfs(self._fileno)
        except OSError:
            return None
        return stats if stats.f_blocks else None


def _free(stats: os.statvfs_result) -> int:
    # Root may also use the reserved blocks.
    blocks = stats.f_bavail if os.geteuid() else stats.f_bfree
    return blocks * stats.f_frsize


def no_space(name: str, why: str, origin: Origin | None) -> Failure:
    """Failure IGN4024 for a body that does not fit."""
    return Failure(
        "IGN4024",
        f"{name} does not fit on its filesystem: {why}",
        origin,
        hint="make the filesystem larger, or put the file on another one",
    )
