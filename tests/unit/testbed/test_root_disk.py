# SPDX-License-Identifier: Apache-2.0
"""The root filesystem of the default image, from outside."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed import root_disk
from ignition.testbed.drives import Drive
from ignition.testbed.images import Image


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "ignition.firstboot").touch()
    image = tmp_path / "disk.img"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, image, "64M"], check=True)
    return image


def test_the_flag_is_found_in_a_disk_and_in_its_overlay(disk: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.qcow2"
    create = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(disk), "-F", "raw", str(overlay)]
    subprocess.run(create, check=True)
    assert root_disk.has_flag(Drive(disk))
    assert root_disk.has_flag(Drive(overlay, "qcow2"))
    remove = ["debugfs", "-w", "-R", "rm /ignition.firstboot", str(disk)]
    subprocess.run(remove, check=True, capture_output=True)
    assert not root_disk.has_flag(Drive(disk))
    assert not root_disk.has_flag(Drive(overlay, "qcow2"))


def test_a_full_copy_has_no_free_block_and_is_sound(disk: Path, tmp_path: Path) -> None:
    before = disk.read_bytes()
    copy = root_disk.full_copy(Image("debian", disk), tmp_path / "full.img")
    assert root_disk._free_blocks(copy) == 0
    assert disk.read_bytes() == before
    assert copy.stat().st_blocks * 512 < 16 << 20, "the blocks are allocated, not written"
    check = subprocess.run(["e2fsck", "-f", "-n", copy], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout


def test_a_foreign_image_cannot_be_filled(disk: Path, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="disk-full needs the default image") as caught:
        root_disk.full_copy(Image("other", disk, reporter="config"), tmp_path / "full.img")
    assert caught.value.code == "IGN8331"
