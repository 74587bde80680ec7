# SPDX-License-Identifier: Apache-2.0
"""A small copy of a large qcow2 disk: what tells which partitions and filesystems it has, and no more."""

from __future__ import annotations

import json
from pathlib import Path

from ignition.base.errors import CommandFailed
from ignition.testbed.programs import run
from ignition.testbed.sfdisk_table import Entry, read_entries

BLOCK = 1 << 16
HEAD = 4 << 20
"""Bytes: tables, superblocks and headers at the beginning. The longest header of LUKS2 has as many."""
TAIL = 2 * BLOCK
"""Bytes: the second copy of a GPT, and the superblock of arrays with metadata 1.0."""
GAP = 1 << 20
"""Bytes after a partition that may hold the table of the next logical partition."""


def copy_ends(image: Path, copy: Path) -> Path:
    """A sparse raw file of the disk's size, with both ends of the disk and of each partition.

    CommandFailed (IGN8002) if qemu-img cannot read the image.
    """
    info = json.loads(run(["qemu-img", "info", "-U", "-f", "qcow2", "--output=json", image]))
    size = int(info["virtual-size"])
    with copy.open("wb") as file:
        file.truncate(size)
    _both(image, copy, 0, size)
    done: set[Entry] = set()
    # A logical partition shows only when its table, which is in the gap before it, is there.
    while new := _entries(copy) - done:
        for entry in new:
            _both(image, copy, entry.start, entry.size)
        done |= new
    return copy


def _entries(copy: Path) -> set[Entry]:
    try:
        return set(read_entries(copy))
    except CommandFailed:  # there is no table
        return set()


def _both(image: Path, copy: Path, start: int, size: int) -> None:
    first, last = start // BLOCK, -(-(start + size) // BLOCK)
    head, tail = min(HEAD // BLOCK, last - first), min(TAIL // BLOCK, last - first)
    _blocks(image, copy, first, head)
    _blocks(image, copy, last - tail, tail + GAP // BLOCK)


def _blocks(image: Path, copy: Path, first: int, count: int) -> None:
    """Copies blocks of the disk to the same place."""
    part = copy.with_suffix(".part")
    offset = first * BLOCK
    length = min(count * BLOCK, copy.stat().st_size - offset)
    # A window on the disk: `qemu-img dd` would do, but some versions count from the start in spite of skip=.
    file = {"driver": "file", "filename": str(image)}
    disk = {"driver": "qcow2", "file": file}
    window = {"driver": "raw", "offset": offset, "size": length, "file": disk}
    run(["qemu-img", "convert", "-U", "-O", "raw", f"json:{json.dumps(window)}", part])
    with copy.open("r+b") as target:
        target.seek(offset)
        target.write(part.read_bytes())
    part.unlink()
