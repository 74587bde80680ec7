# SPDX-License-Identifier: Apache-2.0
"""The md superblock of an array member, read directly from the device.

Layout: linux/raid/md_p.h. Version 1 is always little-endian. Version 0.90 uses host byte order, so it is not
recognised on big-endian machines.
"""

from __future__ import annotations

import os

from ignition.base.record import record

_MAGIC = b"\xfc\x4e\x2b\xa9"
_LENGTH = 256


@record
class Superblock:
    """`uuid` of the array (16 bytes, in mdadm's order) and `events`, its update counter."""

    uuid: bytes
    events: int


def read(node: str) -> Superblock | None:
    """The superblock of a device, None if it has none. Raises OSError."""
    device = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # The kernel writes superblocks around the page cache, which may hold stale ones.
        os.posix_fadvise(device, 0, 0, os.POSIX_FADV_DONTNEED)
        size = os.lseek(device, 0, os.SEEK_END)
        # Versions 1.2, 1.1 and 1.0.
        for offset in (4096, 0, (size // 512 - 16) // 8 * 8 * 512):
            data = _at(device, offset)
            if data[4:8] == b"\1\0\0\0":
                return Superblock(data[16:32], int.from_bytes(data[200:208], "little"))
        data = _at(device, size // 65536 * 65536 - 65536)
        if data:
            words = [data[at : at + 4][::-1] for at in (20, 52, 56, 60)]
            return Superblock(b"".join(words), int.from_bytes(data[156:164], "little"))
    finally:
        os.close(device)
    return None


def _at(device: int, offset: int) -> bytes:
    data = os.pread(device, _LENGTH, offset) if offset >= 0 else b""
    return data if data.startswith(_MAGIC) and len(data) == _LENGTH else b""
