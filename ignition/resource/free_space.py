# SPDX-License-Identifier: Apache-2.0
"""Whether a body has room on the filesystem of its file: asked before the first byte where its size is
announced, and while it comes where it is unpacked, so that a small body cannot fill a disk."""

from __future__ import annotations

import errno
import os
from stat import S_ISREG

from ignition.base.errors import Failure
from ignition.resource.sizes import amount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin

# What is left to the rest of the system by a body that is unpacked: so much, but no larger part of a small
# filesystem. ext4 keeps half of that to itself: what it calls free, not even root gets to the last block.
RESERVE = 32 << 20
RESERVED_PART = 32
_LOOK_EVERY = 1 << 20
FULL = (errno.ENOSPC, errno.EDQUOT)


class Room:
    """The room for one file that is being written."""

    __slots__ = ("_fileno", "_name", "_origin", "_unseen")

    def __init__(self, fileno: int, name: str, origin: Origin | None) -> None:
        self._fileno = fileno
        self._name = name
        self._origin = origin
        self._unseen = 0

    def expect(self, size: int) -> None:
        """So many bytes will come: Failure IGN4024 if there is no room for them."""
        found = self._filesystem()
        # btrfs, which may pack what it stores, counts no inodes: there the writing shows what fits.
        if found is None or not found.f_files:
            return
        free = _free(found)
        if size > free:
            there = f"{amount(size)} are announced, {amount(free)} are free"
            raise no_room(self._name, there, self._origin)

    def take(self, size: int) -> None:
        """So many bytes are about to be written: Failure IGN4023 if they would take the reserve."""
        self._unseen += size
        if self._unseen < _LOOK_EVERY:
            return
        found = self._filesystem()
        if found is not None:
            reserve = min(RESERVE, found.f_blocks * found.f_frsize // RESERVED_PART)
            if _free(found) - self._unseen < reserve:
                raise Failure(
                    "IGN4023",
                    f"{self._name} fills the filesystem while it is unpacked",
                    self._origin,
                    hint=f"only {amount(_free(found))} are free: is it what the config means? If it is, the "
                    "filesystem must be larger",
                )
        self._unseen = 0

    def _filesystem(self) -> os.statvfs_result | None:
        """None where nothing is said of what is free: a device, or a filesystem without limit (ramfs)."""
        try:
            if not S_ISREG(os.fstat(self._fileno).st_mode):
                return None
            found = os.fstatvfs(self._fileno)
        except OSError:
            return None
        return found if found.f_blocks else None


def _free(found: os.statvfs_result) -> int:
    # Some blocks only root may have, and root is who provisions.
    blocks = found.f_bavail if os.geteuid() else found.f_bfree
    return blocks * found.f_frsize


def no_room(name: str, why: str, origin: Origin | None) -> Failure:
    """The error for a body that does not fit."""
    return Failure(
        "IGN4024",
        f"{name} does not fit on its filesystem: {why}",
        origin,
        hint="make the filesystem larger, or put the file on another one",
    )
