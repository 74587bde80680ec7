# SPDX-License-Identifier: Apache-2.0
"""Filesystems and arrays as their own tools see them, with sectors of 512 and 4096 bytes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import (
    UUID,
    add_zfs_signature,
    filesystem,
    make,
    shell,
    tags,
)
from tests.machine.disks.tables import MIB, Part, fingerprint, make_table, read_table, wait_until

MOUNT = Path("/run/machine/mnt")


def ext4(device: str) -> str:
    shell("e2fsck", "-fn", device)
    return shell("dumpe2fs", "-h", device)


def xfs(device: str) -> str:
    shell("xfs_repair", "-n", device)
    return shell("xfs_db", "-r", "-c", "sb 0", "-c", "print fname uuid sectsize", device)


def btrfs(device: str) -> str:
    shell("btrfs", "check", device)
    return shell("btrfs", "filesystem", "show", "--raw", device)


def vfat(device: str) -> str:
    shell("fsck.vfat", "-n", device)
    return shell("fatlabel", device) + shell("fatlabel", "--volume-id", device)


def swap(device: str) -> str:
    return shell("swaplabel", device)


READERS = {"ext4": ext4, "xfs": xfs, "btrfs": btrfs, "vfat": vfat, "swap": swap}


@pytest.mark.parametrize("sector_size", [512, 4096])
def test_every_format_as_its_own_tools_see_it(blank_disk: BlankDisk, sector_size: int) -> None:
    """On partitions that the same run creates, over an old ext4 each."""
    disk = blank_disk(size_mib=1400, sector_size=sector_size)
    MOUNT.mkdir(exist_ok=True)
    for start in (1, 321, 641, 961, 1281):  # where the partitions will be
        mkfs = ["mkfs.ext4", "-q", "-F", "-E", f"offset={start << 20}", disk, "60M"]
        subprocess.run(mkfs, check=True, capture_output=True)
    uuids = {kind: f"{n}{UUID[1:]}" for n, kind in enumerate(READERS)} | {"vfat": "2e24ec82"}
    wanted = {kind: {"label": kind.upper(), "uuid": uuids[kind].upper()} for kind in READERS}
    storage = {
        "disks": [
            {
                "device": disk,
                "partitions": [
                    {"label": kind, "number": n, "sizeMiB": 320 if n < 5 else 64}
                    for n, kind in enumerate(READERS, 1)
                ],
            }
        ],
        "filesystems": [
            filesystem(f"{disk}p{n}", kind, wipeFilesystem=True, **wanted[kind])
            for n, kind in enumerate(READERS, 1)
        ],
    }
    succeed("disks", storage)
    for n, (kind, reader) in enumerate(READERS.items(), 1):
        shown = reader(f"{disk}p{n}").lower()
        assert kind in shown, shown
        assert uuids[kind] in shown, shown
        assert os.path.realpath(f"/dev/disk/by-label/{kind.upper()}") == f"{disk}p{n}"
        if kind == "swap":
            shell("swapon", f"{disk}p{n}")
            shell("swapoff", f"{disk}p{n}")
            continue
        shell("mount", "-t", kind, f"{disk}p{n}", str(MOUNT))
        try:
            assert set(os.listdir(MOUNT)) <= {"lost+found"}
            (MOUNT / "file").write_text(kind)
        finally:
            shell("umount", str(MOUNT))
    for entry in storage["filesystems"]:
        del entry["wipeFilesystem"]
    assert [line[:4] for line in succeed("disks", storage).summary[1:]] == ["keep"] * 5


def test_four_disks_at_once(blank_disk: BlankDisk) -> None:
    disks = [blank_disk(size_mib=32) for _ in range(4)]
    entries = [filesystem(disk, "ext4", label=f"D{n}") for n, disk in enumerate(disks)]
    succeed("disks", {"filesystems": entries})
    for n, disk in enumerate(disks):
        assert os.path.realpath(f"/dev/disk/by-label/D{n}") == disk
        assert f"D{n}" in ext4(disk)


@pytest.mark.parametrize(
    "kind, options",
    [("ext4", ["-E", "nodiscard"]), ("xfs", ["-K"]), ("vfat", [])],
    ids=["ext4", "xfs", "vfat"],
)
def test_signatures_of_a_pool_are_wiped(
    blank_disk: BlankDisk, kind: str, options: list[str]
) -> None:
    disk = blank_disk(size_mib=320)
    add_zfs_signature(disk)
    assert "zfs_member" in shell("wipefs", "--noheadings", disk)
    run_without = run("disks", {"filesystems": [filesystem(disk, kind, options=options)]})
    assert run_without.codes == ["IGN2401"]
    make(disk, kind, wipeFilesystem=True, options=options)
    assert "zfs_member" not in shell("wipefs", "--noheadings", disk)
    assert tags(disk)["TYPE"] == kind


def test_filesystem_named_by_its_own_label_is_replaced(blank_disk: BlankDisk) -> None:
    """mkfs removes the link that the config names; it is there again when the phase ends."""
    disk = blank_disk(size_mib=160)
    shell("mkfs.btrfs", "-q", "-L", "root", disk)
    shell("udevadm", "trigger", "--settle", disk)
    before = tags(disk)["UUID"]
    make("/dev/disk/by-label/root", "btrfs", label="root", wipeFilesystem=True)
    assert os.path.realpath("/dev/disk/by-label/root") == disk
    assert tags(disk)["UUID"] != before


def array(name: str, level: str, devices: list[str], **more: Any) -> dict[str, Any]:
    return {"name": name, "level": level, "devices": devices, **more}


@pytest.mark.parametrize("sector_size", [512, 4096])
def test_arrays_of_partitions_of_the_same_run(blank_disk: BlankDisk, sector_size: int) -> None:
    disks = [blank_disk(size_mib=240, sector_size=sector_size) for _ in range(2)]
    members = [f"{disk}p{n}" for n in (1, 2) for disk in disks]
    spares = [f"{disk}p3" for disk in disks]
    storage = {
        "disks": [
            {
                "device": disk,
                "partitions": [{"number": n, "sizeMiB": 64} for n in (1, 2)]
                + [{"number": 3, "sizeMiB": 48}, {"number": 4, "sizeMiB": 48}],
            }
            for disk in disks
        ],
        "raid": [
            array("ten", "raid10", members),
            array("end", "1", [*spares, f"{disks[0]}p4"], spares=1, options=["--metadata=1.0"]),
        ],
        "filesystems": [
            filesystem("/dev/md/ten", "ext4", label="onten"),
            filesystem("/dev/md/end", "vfat", label="ONEND"),
        ],
    }
    succeed("disks", storage)
    wait_until(lambda: "Spare Devices : 1" in shell("mdadm", "--detail", "/dev/md/end"), 30)
    for device in members:
        examined = shell("mdadm", "--examine", device)
        assert "Raid Level : raid10" in examined
        assert "any:ten" in examined
        assert "Raid Devices : 4" in examined
    for device in spares:
        assert "Version : 1.0" in shell("mdadm", "--examine", device)
    # An array of version 1.0 has its superblock at the end: its contents start where the member does.
    assert "onten" in ext4("/dev/md/ten")
    assert "ONEND" in vfat("/dev/md/end")
    block_size = Path("/sys/class/block", Path(os.path.realpath("/dev/md/ten")).name)
    assert (block_size / "queue/logical_block_size").read_text().strip() == str(sector_size)
    again = succeed("disks", storage)
    assert {line.split()[0] for line in again.summary} == {"partition", "keep"}
    assert all(line.endswith("no changes") for line in again.summary if "partition" in line)


def test_swap_in_use_is_left_alone(blank_disk: BlankDisk) -> None:
    """Also from an array or another filesystem."""
    first, second = blank_disk(size_mib=64), blank_disk(size_mib=64)
    make(first, "swap", label="S")
    shell("swapon", first)
    before = fingerprint(first)
    make(first, "swap", label="S")
    for entry in (
        {"filesystems": [filesystem(first, "ext4", wipeFilesystem=True)]},
        {"filesystems": [filesystem(first, "none", wipeFilesystem=True)]},
        {"raid": [array("s", "raid1", [second, first])]},
    ):
        ran = run("disks", entry)
        assert ran.codes[0] in ("IGN2402", "IGN2202")
        assert "swap" in ran.text()
    assert fingerprint(first) == before


def test_everything_twice(blank_disk: BlankDisk) -> None:
    """A second run with the same config changes nothing."""
    first, second = blank_disk(size_mib=512), blank_disk(size_mib=300)
    make_table(second, [Part(1, MIB, 64 * MIB, "old"), Part(5, 65 * MIB, 64 * MIB, "kept")])
    shell("mkfs.ext4", "-q", "-L", "kept", f"{second}p5")
    storage = {
        "disks": [
            {
                "device": first,
                "wipeTable": True,
                "partitions": [
                    {"label": "m1", "sizeMiB": 64},
                    {"label": "m2", "sizeMiB": 64},
                    {"number": 7, "label": "swap", "sizeMiB": 32},
                    {"label": "rest", "startMiB": 0, "sizeMiB": 0},
                ],
            },
            {
                "device": second,
                "partitions": [
                    {"number": 1, "shouldExist": False, "wipePartitionEntry": True},
                    {"number": 5, "label": "kept", "sizeMiB": 100, "resize": True},
                    {"label": "new", "sizeMiB": 40},
                ],
            },
        ],
        "raid": [
            array("both", "raid1", [f"/dev/disk/by-partlabel/m{n}" for n in (1, 2)]),
        ],
        "filesystems": [
            filesystem("/dev/md/both", "vfat"),
            filesystem("/dev/disk/by-partlabel/swap", "swap", label="sw"),
            filesystem("/dev/disk/by-partlabel/rest", "btrfs"),
            filesystem(f"{second}p5", "ext4", label="kept"),
            filesystem("/dev/disk/by-partlabel/new", "none"),
            filesystem(f"{second}p5", None),
            filesystem("share", "virtiofs", path="/share"),
        ],
    }
    succeed("disks", storage)
    devices = [f"{first}p{n}" for n in (3, 7)] + [f"{second}p5", "/dev/md/both"]

    def state() -> list[Any]:
        return [fingerprint(first), fingerprint(second), read_table(first), *map(tags, devices)]

    before = state()
    again = succeed("disks", storage)
    assert state() == before
    assert not again.logged('executing: "mkfs') and not again.logged('"--create"')
