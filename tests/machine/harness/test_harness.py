# SPDX-License-Identifier: Apache-2.0
"""The machine that runs machine tests matches docs/testing.md."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.machine.blockdevices import BlankDisk


def test_is_root_in_user_mode_linux() -> None:
    assert os.geteuid() == 0
    assert "User Mode Linux" in Path("/proc/cpuinfo").read_text()


def test_blank_disk_shows_partitions_and_links(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    subprocess.run(["sfdisk", "--quiet", disk], input=b"label: gpt\nname=one\n", check=True)
    subprocess.run(["udevadm", "settle"], check=True)
    assert Path(f"{disk}p1").is_block_device()
    assert Path("/dev/disk/by-partlabel/one").resolve() == Path(f"{disk}p1")


def test_blank_disk_is_removed_with_everything_on_it(blank_disk: BlankDisk, tmp_path: Path) -> None:
    disk = blank_disk(size_mib=64)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    subprocess.run(["mount", disk, tmp_path], check=True)


def test_sectors_of_4096_bytes(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64, sector_size=4096)
    assert Path("/sys/block", Path(disk).name, "queue/logical_block_size").read_text() == "4096\n"


@pytest.mark.systemd
def test_systemd_is_process_1_if_requested() -> None:
    assert Path("/proc/1/comm").read_text() == "systemd\n"
    subprocess.run(["systemctl", "is-active", "--quiet", "systemd-journald"], check=True)
