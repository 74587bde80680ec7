# SPDX-License-Identifier: Apache-2.0
"""Disks and partitions in use in ways that no mount shows: they are not overwritten."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.tables import MIB, Part, fingerprint, kernel, make_table

TWO = [Part(1, MIB, 120 * MIB, "one"), Part(2, 121 * MIB, 120 * MIB, "two")]


def tool(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def refused(storage: dict[str, Any], device: str, *codes: str) -> str:
    before, known = fingerprint(device), kernel(device)
    ran = run("disks", storage)
    assert ran.codes and ran.codes[0] in codes, ran.text()
    assert (fingerprint(device), kernel(device)) == (before, known)
    return ran.text()


def disk_entry(device: str, *partitions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"disks": [{"device": device, "partitions": list(partitions), **more}]}


@contextmanager
def mounted(device: str) -> Iterator[None]:
    os.makedirs("/run/machine/mnt", exist_ok=True)
    # Read-only, because the kernel would write to it asynchronously.
    tool("mount", "-o", "ro", device, "/run/machine/mnt")
    try:
        yield
    finally:
        tool("umount", "/run/machine/mnt")


def refuse_all_of_partition_1(disk: str, text: str) -> None:
    for entry in (
        {"number": 1, "label": "one", "sizeMiB": 60, "resize": True},
        {"number": 1, "label": "other", "wipePartitionEntry": True},
        {"number": 1, "shouldExist": False, "wipePartitionEntry": True},
    ):
        assert text in refused(disk_entry(disk, entry), disk, "IGN2107")
    assert text in refused(disk_entry(disk, wipeTable=True), disk, "IGN2106")
    filesystem = {"device": f"{disk}p1", "format": "ext4", "wipeFilesystem": True}
    assert text in refused({"filesystems": [filesystem]}, disk, "IGN2402")
    array = {"name": "a", "level": "raid1", "devices": [f"{disk}p1", f"{disk}p2"]}
    assert text in refused({"raid": [array]}, disk, "IGN2202", "IGN2201")
    free = {"number": 3, "label": "new", "sizeMiB": 1}
    succeed("disks", disk_entry(disk, {"number": 1, "label": "one"}, free))
    gone = {"number": 3, "shouldExist": False, "wipePartitionEntry": True}
    succeed("disks", disk_entry(disk, gone))


def test_second_device_of_a_mounted_btrfs(blank_disk: BlankDisk) -> None:
    other, disk = blank_disk(size_mib=512), blank_disk(size_mib=512)
    make_table(disk, [Part(1, MIB, 250 * MIB, "one"), Part(2, 251 * MIB, 120 * MIB, "two")])
    tool("mkfs.btrfs", "-q", "-f", "-d", "raid1", "-m", "raid1", other, f"{disk}p1")
    tool("btrfs", "device", "scan", other, f"{disk}p1")
    with mounted(other):
        refuse_all_of_partition_1(disk, "it belongs to a mounted btrfs")
    tool("mkfs.btrfs", "-q", "-f", "-d", "raid1", "-m", "raid1", other, disk)
    tool("btrfs", "device", "scan", other, disk)
    with mounted(other):
        message = refused(disk_entry(disk, {"number": 1, "sizeMiB": 9}), disk, "IGN2105", "IGN2102")
        assert "btrfs" in message
        assert "btrfs" in refused(disk_entry(disk, wipeTable=True), disk, "IGN2105")


def test_external_journal_of_a_mounted_filesystem(blank_disk: BlankDisk) -> None:
    """Only an exclusive open detects this."""
    other, disk = blank_disk(size_mib=64), blank_disk(size_mib=256)
    make_table(disk, TWO)
    tool("mke2fs", "-q", "-O", "journal_dev", "-b", "4096", f"{disk}p1")
    tool("mkfs.ext4", "-q", "-b", "4096", "-J", f"device={disk}p1", other)
    with mounted(other):
        refuse_all_of_partition_1(disk, "it cannot be opened exclusively")
    tool("mke2fs", "-q", "-F", "-O", "journal_dev", "-b", "4096", disk)
    tool("mkfs.ext4", "-q", "-b", "4096", "-J", f"device={disk}", other)
    with mounted(other):
        for entry in (disk_entry(disk, wipeTable=True), disk_entry(disk, {"number": 1})):
            assert "exclusively" in refused(entry, disk, "IGN2105")


def test_device_mapper(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=256)
    make_table(disk, TWO)
    tool("dmsetup", "create", "held", "--table", f"0 2048 linear {disk}p1 0")
    refuse_all_of_partition_1(disk, "is built on it")


def test_loop_over_a_partition(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=256)
    make_table(disk, TWO)
    loop = tool("losetup", "--find", "--show", f"{disk}p1").strip()
    try:
        refuse_all_of_partition_1(disk, f"{loop} is a loop over it")
    finally:
        tool("losetup", "--detach", loop)


def test_swap(blank_disk: BlankDisk) -> None:
    """Ignition does not detect it. Changes that take no sectors away are made, with a warning."""
    disk = blank_disk(size_mib=256)
    make_table(disk, TWO)
    tool("mkswap", "-q", f"{disk}p1")
    tool("swapon", f"{disk}p1")
    for entry in (
        {"number": 1, "label": "one", "sizeMiB": 60, "resize": True},
        {"number": 1, "shouldExist": False, "wipePartitionEntry": True},
        {"number": 1, "startMiB": 2, "sizeMiB": 50, "wipePartitionEntry": True},
    ):
        assert "swap" in refused(disk_entry(disk, entry), disk, "IGN2107")
    assert "swap" in refused(disk_entry(disk, wipeTable=True), disk, "IGN2106")
    named = {"number": 1, "label": "x", "startMiB": 1, "sizeMiB": 120, "wipePartitionEntry": True}
    assert succeed("disks", disk_entry(disk, named)).logged("though it is in use as swap")
    tool("swapoff", f"{disk}p1")
    whole = blank_disk(size_mib=64)
    tool("mkswap", "-q", whole)
    tool("swapon", whole)
    assert "swap" in refused(disk_entry(whole, {"number": 1}), whole, "IGN2105")
    assert "swap" in refused(disk_entry(whole, wipeTable=True), whole, "IGN2105")


def test_member_of_an_array(blank_disk: BlankDisk) -> None:
    disk, whole = blank_disk(size_mib=256), blank_disk(size_mib=128)
    make_table(disk, TWO)
    level = ["-l1", "-n2", "--metadata=1.2"]
    tool("mdadm", "-q", "--create", "/dev/md/x", "--run", *level, f"{disk}p1", whole)
    refuse_all_of_partition_1(disk, os.path.basename(os.path.realpath("/dev/md/x")))
    message = refused(disk_entry(whole, {"number": 1}), whole, "IGN2105", "IGN2102")
    assert "is built on it" in message


@pytest.mark.parametrize("made", [True, False], ids=["in a filesystem", "of a disk"])
def test_mount_in_another_namespace(blank_disk: BlankDisk, made: bool) -> None:
    disk = blank_disk(size_mib=256)
    make_table(disk, TWO)
    device = f"{disk}p1" if made else disk
    tool("mkfs.ext4", "-q", "-F", device)
    Path("/run/machine/ns").mkdir(exist_ok=True)
    holder = subprocess.Popen(
        [
            "unshare",
            "--mount",
            "sh",
            "-c",
            f"mount -o ro {device} /run/machine/ns && echo on && read x",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "on\n"
    try:
        if made:
            refuse_all_of_partition_1(disk, "it cannot be opened exclusively")
        else:
            assert "exclusively" in refused(disk_entry(disk, wipeTable=True), disk, "IGN2105")
    finally:
        holder.communicate("\n")
