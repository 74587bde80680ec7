# SPDX-License-Identifier: Apache-2.0
"""A mark on a device while a filesystem is being made on it.

A program that makes a filesystem may be cut off when magic number, UUID and label are on the device and the
rest is not. So a mark is on the device before the program starts, and goes when all that it wrote is there.
docs/resume.md says where it stands and why there.
"""

from __future__ import annotations

import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"ignition: the filesystem on this device is not finished\n"
_LENGTH = 512
# Fractions of a ninth meet neither the groups of ext4, which are powers of two, nor the quarters of xfs.
_PLACES = 8
_ALIGNED = 4096
_BLKDISCARD = 0x1277
_XFS_IN_PROGRESS = 126  # a byte of its superblock
# What mkfs takes at a time, so that a large device does not block its queue for long.
_DISCARD_AT_ONCE = 2 << 30


def write(node: str, digest: str, *, discard: bool) -> None:
    """Marks a device, and lets it forget what it held where that is asked for; on the device when it returns.

    Raises OSError.
    """
    with _opened(node, os.O_RDWR) as device:
        if discard:
            _discard(device.number, device.size)
        for offset in _places(device.size):
            _pwrite(device.number, offset, _mark(device.size, offset, digest))
        os.fsync(device.number)


def read(node: str) -> str | None:
    """The digest of the config for which a filesystem was begun on the device and not finished.

    None if no mark is there. Raises OSError.
    """
    with _opened(node, os.O_RDONLY) as device:
        for offset in _places(device.size):
            data = os.pread(device.number, _LENGTH, offset)
            if not data.startswith(_MAGIC):
                continue
            digest = data[len(_MAGIC) :].partition(b"\n")[0].decode("ascii", "replace")
            # One of a partition that is no more, or of a disk that was copied to a larger one, says nothing.
            if data == _mark(device.size, offset, digest):
                return digest
    return None


def clear(node: str) -> None:
    """Takes the mark away, once all that was written to the device is on it. Raises OSError.

    Only sectors that still hold the mark are touched: in others the filesystem has something by now.
    """
    with _opened(node, os.O_RDWR) as device:
        os.fsync(device.number)
        os.posix_fadvise(device.number, 0, 0, os.POSIX_FADV_DONTNEED)
        for offset in _places(device.size):
            if os.pread(device.number, _LENGTH, offset).startswith(_MAGIC):
                _pwrite(device.number, offset, bytes(_LENGTH))
        os.fsync(device.number)


def has_in_progress_flag(node: str, kind: str) -> bool:
    """Whether a filesystem itself carries the flag that its maker has not finished. Raises OSError.

    Only that of xfs can be told from a finished one so; no kernel mounts it.
    """
    if kind != "xfs":
        return False
    with _opened(node, os.O_RDONLY) as device:
        return os.pread(device.number, _LENGTH, 0)[_XFS_IN_PROGRESS : _XFS_IN_PROGRESS + 1] == b"\1"


class _opened:
    """A device that is closed at the end; `number` is its descriptor, `size` in bytes."""

    __slots__ = ("number", "size")

    def __init__(self, node: str, flags: int) -> None:
        self.number = os.open(node, flags | os.O_CLOEXEC)
        self.size = os.lseek(self.number, 0, os.SEEK_END)

    def __enter__(self) -> _opened:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.number)


def _places(size: int) -> Iterator[int]:
    seen = 0
    for one in range(1, _PLACES + 1):
        offset = size * one // (_PLACES + 1) // _ALIGNED * _ALIGNED
        if offset > seen:
            yield offset
            seen = offset


def _mark(size: int, offset: int, digest: str) -> bytes:
    text = _MAGIC + f"{digest}\nsize {size}, offset {offset}\n".encode("ascii", "replace")
    return text[:_LENGTH].ljust(_LENGTH, b"\0")


def _pwrite(device: int, offset: int, data: bytes) -> None:
    if os.pwrite(device, data, offset) != len(data):
        raise OSError(5, os.strerror(5))


def _discard(device: int, size: int) -> None:
    for start in range(0, size, _DISCARD_AT_ONCE):
        length = min(_DISCARD_AT_ONCE, size - start)
        argument = start.to_bytes(8, "little") + length.to_bytes(8, "little")
        try:
            fcntl.ioctl(device, _BLKDISCARD, argument)
        except OSError:
            return  # many devices cannot; mkfs takes no offence either
