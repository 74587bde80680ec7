# SPDX-License-Identifier: Apache-2.0
"""A mark on a device while a filesystem is being created on it.

mkfs may be interrupted after it has written magic number, UUID and label but not the rest. So the device is
marked before mkfs starts, and unmarked once everything it wrote is on the device. docs/resume.md explains
where the marks are and why.
"""

from __future__ import annotations

import errno
import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"ignition: the filesystem on this device is not finished\n"
_LENGTH = 512
# Ninths coincide neither with ext4 block groups, which are powers of two, nor with quarters, used by xfs.
_COPIES = 8
_ALIGNED = 4096
_BLKDISCARD = 0x1277
_XFS_IN_PROGRESS = 126  # offset of sb_inprogress in the superblock
# In pieces, as mkfs does, so that a large device does not block its queue for long.
_DISCARD_AT_ONCE = 2 << 30


class MarkedDevice:
    """A context manager that marks a device durably, after discarding its contents if `discard` is set.

    It keeps the device open, because udev probes a device whenever a writer closes it. Raises OSError.
    """

    __slots__ = ("_device",)

    def __init__(self, node: str, digest: str, *, discard: bool) -> None:
        self._device = device = _OpenDevice(node, os.O_RDWR)
        try:
            if discard:
                _discard(device.number, device.size)
            for offset in _offsets(device.size):
                _pwrite(device.number, offset, _mark(device.size, offset, digest))
            os.fsync(device.number)
        except BaseException:
            os.close(device.number)
            raise

    def __enter__(self) -> MarkedDevice:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._device.number)

    def clear(self) -> None:
        """Removes the marks after syncing the device. Raises OSError."""
        _clear(self._device)


def read(node: str) -> str | None:
    """The digest of the config whose filesystem on this device is unfinished.

    None if there is no mark. Raises OSError.
    """
    with _OpenDevice(node, os.O_RDONLY) as device:
        for offset in _offsets(device.size):
            data = os.pread(device.number, _LENGTH, offset)
            if not data.startswith(_MAGIC):
                continue
            digest = data[len(_MAGIC) :].partition(b"\n")[0].decode("ascii", "replace")
            # Ignore marks of a former partition, or of a disk that was copied to a larger one.
            if data == _mark(device.size, offset, digest):
                return digest
    return None


def clear(node: str) -> None:
    """Removes the marks after syncing the device. Raises OSError."""
    with _OpenDevice(node, os.O_RDWR) as device:
        _clear(device)


def _clear(device: _OpenDevice) -> None:
    """Only sectors that still hold a mark are overwritten; the filesystem may have used the others."""
    os.fsync(device.number)
    os.posix_fadvise(device.number, 0, 0, os.POSIX_FADV_DONTNEED)
    for offset in _offsets(device.size):
        if os.pread(device.number, _LENGTH, offset).startswith(_MAGIC):
            _pwrite(device.number, offset, bytes(_LENGTH))
    os.fsync(device.number)


def has_in_progress_flag(node: str, kind: str) -> bool:
    """Whether the filesystem itself is flagged as unfinished by its mkfs. Raises OSError.

    Only xfs has such a flag. The kernel refuses to mount it while the flag is set.
    """
    if kind != "xfs":
        return False
    with _OpenDevice(node, os.O_RDONLY) as device:
        return os.pread(device.number, _LENGTH, 0)[_XFS_IN_PROGRESS : _XFS_IN_PROGRESS + 1] == b"\1"


class _OpenDevice:
    """A context manager for an open device; `number` is the descriptor, `size` is in bytes."""

    __slots__ = ("number", "size")

    def __init__(self, node: str, flags: int) -> None:
        self.number = os.open(node, flags | os.O_CLOEXEC)
        self.size = os.lseek(self.number, 0, os.SEEK_END)

    def __enter__(self) -> _OpenDevice:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.number)


def _offsets(size: int) -> Iterator[int]:
    seen = 0
    for ninth in range(1, _COPIES + 1):
        offset = size * ninth // (_COPIES + 1) // _ALIGNED * _ALIGNED
        if offset > seen:
            yield offset
            seen = offset


def _mark(size: int, offset: int, digest: str) -> bytes:
    text = _MAGIC + f"{digest}\nsize {size}, offset {offset}\n".encode("ascii", "replace")
    return text[:_LENGTH].ljust(_LENGTH, b"\0")


def _pwrite(device: int, offset: int, data: bytes) -> None:
    if os.pwrite(device, data, offset) != len(data):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def _discard(device: int, size: int) -> None:
    for start in range(0, size, _DISCARD_AT_ONCE):
        length = min(_DISCARD_AT_ONCE, size - start)
        argument = start.to_bytes(8, "little") + length.to_bytes(8, "little")
        try:
            fcntl.ioctl(device, _BLKDISCARD, argument)
        except OSError:
            return  # not supported by many devices; mkfs ignores this too
