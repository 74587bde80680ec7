# SPDX-License-Identifier: Apache-2.0
"""The root filesystem of the default image, seen from outside: an ext4 filesystem that fills its disk."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.drives import Drive
from ignition.testbed.images import Image
from ignition.testbed.programs import need, run

FLAG = "/ignition.firstboot"
FILLER = "/filler"


def has_flag(drive: Drive) -> bool:
    """Whether the root filesystem has the first-boot flag. GRUB checks it by itself."""
    need("debugfs")
    if drive.format == "raw":
        return "Inode:" in run(["debugfs", "-R", f"stat {FLAG}", drive.image])
    need("qemu-img")
    with tempfile.TemporaryDirectory(dir=drive.image.parent) as folder:
        copy = Path(folder, "disk.img")
        run(["qemu-img", "convert", "-U", "-O", "raw", drive.image, copy])
        return has_flag(Drive(copy))


def full_copy(image: Image, copy: Path) -> Path:
    """A copy of the root disk without a free block. Failure IGN8331 for an image with another layout."""
    if image.reporter != "built-in":
        raise Failure(
            "IGN8331",
            "disk-full needs the default image: where an image has its root is not known",
            hint="leave out --image, or use another fault",
        )
    need("debugfs")
    run(["cp", "--reflink=auto", "--sparse=always", image.disk, copy])
    _fill(copy)
    return copy


def _fill(disk: Path) -> None:
    """Allocates all free blocks to a file. The blocks are not written, so the copy stays sparse."""
    run(["debugfs", "-w", "-R", f"write /dev/null {FILLER}", disk])
    # The file's own tree of extents takes some of the blocks.
    while (free := _free_blocks(disk)) > 0:
        before = free
        begin = _blocks(disk)
        run(["debugfs", "-w", "-R", f"fallocate {FILLER} {begin} {begin + free - 1}", disk])
        if _free_blocks(disk) >= before:
            return


def _free_blocks(disk: Path) -> int:
    found = re.search(
        r"^Free blocks: +(\d+)", run(["debugfs", "-R", "stats -h", disk]), re.MULTILINE
    )
    return int(found[1]) if found else 0


def _blocks(disk: Path) -> int:
    """The number of blocks that the filler has."""
    found = re.search(r"Blockcount: (\d+)", run(["debugfs", "-R", f"stat {FILLER}", disk]))
    return int(found[1]) // 8 if found else 0
