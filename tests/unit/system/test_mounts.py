# SPDX-License-Identifier: Apache-2.0
"""Parsing the kernel's tables of mounts and swaps."""

from __future__ import annotations

from pathlib import Path

from ignition.system import mounts
from ignition.system.mounts import Mount

TABLE = r"""22 1 0:20 / / rw,relatime shared:1 - overlay overlay rw
30 22 8:1 / /mnt/a\040b rw - ext4 /dev/disk/by-label/a\134b rw
31 22 0:40 /sub /mnt/b rw,noexec master:1 - btrfs /dev/sda2 rw
32 22 0:41 / /mnt/b rw - nfs //server/share rw
"""


def test_mountinfo(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    file.write_text(TABLE)
    found = mounts.read_mounts(str(file))
    assert found[1] == Mount("30", "8:1", "/mnt/a b", "ext4", "/dev/disk/by-label/a\\b")
    top = mounts.mount_at("/mnt/b", str(file))
    assert top is not None
    assert top.mount_id == "32", "the later mount is on top"
    assert mounts.mount_at("/mnt", str(file)) is None


def test_swaps(tmp_path: Path) -> None:
    file = tmp_path / "swaps"
    file.write_text("Filename\tType\n/dev/sda3 partition 1 0 -2\n/swap\\040file file 1 0 -3\n")
    assert mounts.read_swaps(str(file)) == ["/dev/sda3", "/swap file"]
    assert mounts.read_swaps(str(tmp_path / "absent")) == []
