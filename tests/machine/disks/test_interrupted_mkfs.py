# SPDX-License-Identifier: Apache-2.0
"""Power loss while a filesystem is created: the next run recreates it, and keeps what it has completed."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ignition.system import mkfs_marker
from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import Ran, run, succeed
from tests.machine.disks.filesystems import filesystem, shell, tags
from tests.machine.disks.tables import MIB, Part, make_table

PROGRAMS = {
    "ext4": "mkfs.ext4",
    "xfs": "mkfs.xfs",
    "btrfs": "mkfs.btrfs",
    "vfat": "mkfs.fat",
    "swap": "mkswap",
}
IN_CI = ("ext4", "xfs")
"""The others differ in their program only, and take a minute each."""
CHECKS = {
    "ext4": ("e2fsck", "-f", "-n"),
    "xfs": ("xfs_repair", "-n"),
    "btrfs": ("btrfs", "check"),
    "vfat": ("fsck.vfat", "-n"),
    "swap": ("swaplabel",),
}
FOLDER = Path("/run/machine/cut")
BLOCK = 4096


@pytest.fixture(autouse=True)
def folder() -> Iterator[Path]:
    """For images and for scripts in place of mkfs; empty before and after."""
    shell("rm", "-rf", str(FOLDER))
    FOLDER.mkdir()
    yield FOLDER
    shell("rm", "-rf", str(FOLDER))


def storage(device: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"filesystems": [filesystem(device, kind, label="NEW", **more)]}


def program(kind: str, text: str) -> dict[str, Any]:
    """A setting that replaces mkfs by this shell script; `$device` is its last argument."""
    path = FOLDER / "mkfs"
    path.write_text(f"#!/bin/sh\nfor device; do :; done\n{text.replace('MKFS', PROGRAMS[kind])}\n")
    path.chmod(0o755)
    return {"programs": {PROGRAMS[kind]: str(path)}}


def is_sound(device: str, kind: str) -> bool:
    return subprocess.run([*CHECKS[kind], device], capture_output=True).returncode == 0


def mixed(before: Path, after: Path, share: float, seed: int) -> Iterator[tuple[int, bytes]]:
    """A random share of the blocks that a program wrote: what a disk may have kept, in any order."""
    chosen = random.Random(seed)
    with before.open("rb") as old, after.open("rb") as new:
        at = 0
        while there := old.read(BLOCK):
            wanted = new.read(BLOCK)
            if there != wanted and chosen.random() < share:
                yield at, wanted
            at += BLOCK


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in IN_CI else (pytest.mark.slow,)) for kind in PROGRAMS],
)
def test_unfinished_filesystem_is_recreated(blank_disk: BlankDisk, kind: str) -> None:
    """Whatever part of the writes reached the device, it is not taken for a filesystem."""
    disk = blank_disk(size_mib=320)
    wanted = storage(disk, kind)
    copies = program(
        kind,
        f'cp --sparse=always $device {FOLDER}/a; MKFS "$@"; cp --sparse=always $device {FOLDER}/b; exit 1',
    )
    assert run("disks", wanted, **copies).codes == ["IGN7002"]
    signatures = set()
    for seed, share in enumerate((0.3, 0.6, 0.9, 1.0)):
        shell("cp", "--sparse=never", f"{FOLDER}/a", disk)
        with open(disk, "r+b") as file:
            for at, data in mixed(FOLDER / "a", FOLDER / "b", share, seed):
                file.seek(at)
                file.write(data)
        signatures.add(tags(disk).get("TYPE"))
        ran = succeed("disks", wanted)
        assert ran.summary == [f"make {kind} on {disk}"], (share, ran.text())
        assert tags(disk)["TYPE"] == kind
        assert tags(disk)["LABEL"] == "NEW"
        assert is_sound(disk, kind)
        assert mkfs_marker.read(disk) is None
    # Otherwise the test proves nothing.
    assert kind in signatures
    made = tags(disk)
    assert succeed("disks", wanted).summary == [f"keep {kind} on {disk}"]
    assert tags(disk) == made


@pytest.mark.parametrize("write", [1, 20, 40, 60])
def test_xfs_with_mkfs_killed_at_a_write(blank_disk: BlankDisk, write: int) -> None:
    disk = blank_disk(size_mib=400)
    kills = program(
        "xfs",
        f"strace -o /dev/null -e trace=pwrite64 -e inject=pwrite64:signal=KILL:when={write} MKFS $@",
    )
    assert run("disks", storage(disk, "xfs"), **kills).codes == ["IGN7002"]
    succeed("disks", storage(disk, "xfs"))
    assert is_sound(disk, "xfs")


def test_unfinished_xfs_of_any_origin(blank_disk: BlankDisk) -> None:
    """It is flagged as unfinished; no kernel mounts it."""
    disk = blank_disk(size_mib=400)
    trace = ("-e", "trace=pwrite64", "-e", "inject=pwrite64:signal=KILL:when=40")
    subprocess.run(["strace", "-o", "/dev/null", *trace, "mkfs.xfs", "-f", "-L", "NEW", disk])
    shell("sync")
    assert tags(disk)["TYPE"] == "xfs"
    assert run("disks", storage(disk, "ext4")).codes == ["IGN2401"]
    assert succeed("disks", storage(disk, "xfs")).summary == [f"make xfs on {disk}"]
    assert is_sound(disk, "xfs")
    assert succeed("disks", storage(disk, "xfs")).summary == [f"keep xfs on {disk}"]


def leave_unfinished(device: str, kind: str) -> Ran:
    """Leaves an unfinished filesystem with all of its signatures on the device."""
    ran = run("disks", storage(device, kind), **program(kind, 'MKFS "$@"; exit 1'))
    assert ran.codes == ["IGN7002"]
    return ran


def test_unfinished_filesystem_of_another_config_is_refused(
    blank_disk: BlankDisk,
) -> None:
    disk = blank_disk(size_mib=64)
    leave_unfinished(disk, "ext4")
    other = storage(disk, "ext4", path="/var")
    ran = run("disks", other)
    assert ran.codes == ["IGN2405"]
    assert "wipeFilesystem" in ran.failures[0].hint
    assert str(ran.failures[0].origin).endswith("/storage/filesystems/0")
    succeed("disks", storage(disk, "ext4", path="/var", wipeFilesystem=True))
    assert succeed("disks", other).summary == [f"keep ext4 on {disk}"]


def test_mark_counts_whatever_blkid_reports(blank_disk: BlankDisk) -> None:
    """Half of a FAT has no label yet, which would be refused forever."""
    disk = blank_disk(size_mib=64)
    leave_unfinished(disk, "vfat")
    shell("mkfs.ext4", "-q", "-F", "-K", disk)
    succeed("disks", storage(disk, "vfat"))
    assert tags(disk)["TYPE"] == "vfat"


def test_unfinished_filesystem_on_partition_and_array(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=300)
    make_table(disk, [Part(n, (1 + 64 * (n - 1)) * MIB, 64 * MIB) for n in (1, 2, 3)])
    raid = [{"name": "data", "level": "raid1", "devices": [f"{disk}p1", f"{disk}p2"]}]
    wanted = {
        "raid": raid,
        "filesystems": [
            filesystem("/dev/md/data", "ext4", label="NEW"),
            filesystem(f"{disk}p3", "ext4", label="NEW"),
        ],
    }
    assert "IGN7002" in run("disks", wanted, **program("ext4", 'MKFS "$@"; exit 1')).codes
    succeed("disks", wanted)
    for device in ("/dev/md/data", f"{disk}p3"):
        assert mkfs_marker.read(device) is None
        assert is_sound(device, "ext4")


def test_swap_already_in_use_is_kept(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    wanted = storage(disk, "swap", wipeFilesystem=True)
    succeed("disks", wanted)
    shell("swapon", disk)
    made = tags(disk)
    ran = succeed("disks", wanted)
    assert tags(disk) == made
    assert ran.logged("is in use as swap")
    assert run("disks", storage(disk, "ext4", wipeFilesystem=True)).codes == ["IGN2402"]


def test_mounted_filesystem_on_a_partition_of_this_config_is_kept(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    wanted = {
        "disks": [{"device": disk, "wipeTable": True, "partitions": [{"number": 1}]}],
        "filesystems": [filesystem(f"{disk}p1", "ext4", wipeFilesystem=True)],
    }
    succeed("disks", wanted)
    Path("/run/machine/mnt").mkdir(exist_ok=True)
    shell("mount", f"{disk}p1", "/run/machine/mnt")
    ran = succeed("disks", wanted)
    assert ran.summary == [f"partition {disk}: no changes", f"keep ext4 on {disk}p1"]
    wanted["filesystems"][0]["label"] = "other"
    assert run("disks", wanted).codes == ["IGN2106", "IGN2402"]


def test_options_control_discarding(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    middle = 50 << 20

    def old_bytes_are_there(options: list[str]) -> bool:
        with open(disk, "r+b") as file:
            file.seek(middle)
            file.write(b"old" * 100)
        succeed("disks", storage(disk, "ext4", wipeFilesystem=True, options=options))
        with open(disk, "rb") as file:
            file.seek(middle)
            return file.read(3) == b"old"

    assert not old_bytes_are_there([])
    assert old_bytes_are_there(["-E", "nodiscard"])


def test_mount_error_of_the_kernel_is_in_the_hint(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    shell("mkfs.ext4", "-q", disk)
    entry = filesystem(disk, "ext4", path="/data", mountOptions=["nonsense"])
    ran = run("mount", {"filesystems": [entry]}, root=FOLDER)
    assert ran.codes == ["IGN7002"]
    assert "dmesg" not in ran.failures[0].hint
    assert "nonsense" in ran.failures[0].hint
