# SPDX-License-Identifier: Apache-2.0
"""Recognises the format of a disk image by its contents, and says what to do with one that is of no use."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Literal

from ignition.base.errors import Failure
from ignition.base.suggest import closest

Format = Literal["raw", "qcow2"]
SECTOR = 512

_COMPRESSED = (
    (b"\x1f\x8b", "gzip", "gunzip --keep"),
    (b"\xfd7zXZ\x00", "xz", "unxz --keep"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (b"BZh", "bzip2", "bunzip2 --keep"),
)
_PACKED = (
    (0, b"PK\x03\x04", "zip archive", "unzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z archive", "7z x"),
    (257, b"ustar", "tar archive", "tar --extract --file"),
)
_CONVERTIBLE = (
    (0, b"KDMV", "VMDK image", "vmdk"),
    (0, b"# Disk DescriptorFile", "VMDK descriptor", "vmdk"),
    (0, b"vhdxfile", "VHDX image", "vhdx"),
    (0, b"conectix", "VHD image", "vpc"),
    (64, b"\x7f\x10\xda\xbe", "VDI image", "vdi"),
    (0, b"QED\x00", "QED image", "qed"),
)
_ISO = (32769, b"CD001")
_DISKS = (
    (510, b"\x55\xaa"),  # a partition table, or FAT
    (4096, b"EFI PART"),  # on a disk with sectors of 4 KiB
    (1080, b"\x53\xef"),  # ext4
    (0, b"XFSB"),
    (1024, b"\xe2\xe1\xf5\xe0"),  # erofs
    (0, b"hsqs"),  # squashfs
    (0, b"LUKS\xba\xbe"),
)
_KERNEL = (514, b"HdrS")
_HEAD = 1 << 16
"""Bytes that are enough for all signatures at the start."""


def recognise(path: Path) -> Format:
    """The format of an image that QEMU can boot. Failure (IGN8201 to IGN8204) for anything else."""
    head, tail = _ends(path)
    if head.startswith(b"QFI\xfb"):
        return "qcow2"
    for magic, name, unpack in _COMPRESSED:
        if head.startswith(magic):
            raise Failure("IGN8203", f"{path} is compressed with {name}", hint=f"{unpack} {path}")
    for offset, magic, name, unpack in _PACKED:
        if head.startswith(magic, offset):
            raise Failure(
                "IGN8203", f"{path} is a {name}", hint=f"take the image out: {unpack} {path}"
            )
    for offset, magic, name, driver in _CONVERTIBLE:
        if head.startswith(magic, offset) or (driver == "vpc" and tail.startswith(magic)):
            hint = f"qemu-img convert -f {driver} -O qcow2 {path} {path.stem}.qcow2"
            raise Failure("IGN8203", f"{path} is a {name}", hint=hint)
    if head.startswith(_ISO[1], _ISO[0]):
        hint = "use the distribution's disk image, qcow2 or raw, instead of its installer or live system"
        raise Failure("IGN8203", f"{path} is an image of a CD, not of a disk", hint=hint)
    if head.startswith(_KERNEL[1], _KERNEL[0]):
        hint = "give the disk image with --image, and this with --kernel"
        raise Failure("IGN8204", f"{path} is a kernel, not a disk image", hint=hint)
    if not _like_a_disk(head):
        hint = "give a disk image, qcow2 or raw, with a partition table or a file system"
        raise Failure("IGN8204", f"{path} is not a disk image", hint=hint)
    return "raw"


def _ends(path: Path) -> tuple[bytes, bytes]:
    """The first 64 KiB and the last sector of a regular file."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Failure("IGN8201", f"{path} is {_kind(status.st_mode)}, not a disk image")
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(max(0, status.st_size - SECTOR))
            return head, file.read()
    except FileNotFoundError as error:
        raise Failure("IGN8201", f"there is no {path}", hint=_nearest(path)) from error
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise Failure("IGN8202", f"cannot read {path}: {why}") from error


def _nearest(path: Path) -> str:
    """A hint with the name of a file that the user may have meant."""
    try:
        name = closest(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return f"there is no folder {path.parent}" if not path.parent.is_dir() else ""
    return f"did you mean {path.parent / name}?" if name else ""


def _kind(mode: int) -> str:
    known = {
        stat.S_IFDIR: "a directory",
        stat.S_IFBLK: "a device",
        stat.S_IFCHR: "a device",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
    }
    return known.get(stat.S_IFMT(mode), "a special file")


def _like_a_disk(head: bytes) -> bool:
    """Whether a raw image begins with a partition table or a file system of Linux."""
    return any(head.startswith(magic, offset) for offset, magic in _DISKS)
