# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes on real block devices, made by the real cryptsetup."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks import luks
from tests.machine.disks.luks import KEY, make, refuse
from tests.machine.disks.test_filesystems import tags

MAPPED = "/dev/mapper/vault"


@pytest.fixture(autouse=True)
def no_held_keys() -> Iterator[None]:
    yield
    shutil.rmtree("/run/ignition/keys", ignore_errors=True)


@pytest.fixture
def disk(blank_disk: BlankDisk) -> str:
    return blank_disk(size_mib=64)


def test_volume_replaces_a_filesystem(disk: str) -> None:
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    refuse(disk, "IGN2302")
    ran = make(disk, wipeVolume=True)
    assert ran.summary == [f"create encrypted volume vault on {disk}"]
    assert tags(disk)["TYPE"] == "crypto_LUKS"
    assert luks.dump(disk)["Version"] == "2"
    assert luks.opens(disk, KEY)
    assert luks.state_of(disk) == ["ready"]
    assert Path(MAPPED).is_block_device()
    assert Path("/dev/disk/by-id/dm-name-vault").is_block_device()
    assert luks.held_key() == KEY


def test_generated_key(disk: str) -> None:
    make(disk, None)
    key = luks.held_key()
    assert len(key) == 8192
    assert set(key) <= set(b"0123456789abcdef")
    assert luks.opens(disk, key)
    assert luks.state_of(disk) == ["begun"]
    held = next(Path("/run/ignition/keys").iterdir())
    assert (held.stat().st_mode & 0o777, held.parent.stat().st_mode & 0o777) == (0o600, 0o700)
