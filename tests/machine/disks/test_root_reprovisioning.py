# SPDX-License-Identifier: Apache-2.0
"""The script of docs/root-reprovisioning/, before and after real disks phases."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks import luks
from tests.machine.disks.engine import succeed
from tests.machine.disks.filesystems import shell, tags

SCRIPT = Path(__file__).parents[3] / "docs/root-reprovisioning/dracut/root-reprovision.sh"
WORK = Path("/run/root-reprovision")
FAILURE = Path("/run/ignition/failure")
LOOK = Path("/run/look")
RENDERED = Path("/run/ignition.json")
Storage = dict[str, Any]


def new_root(device: str, kind: str = "ext4") -> Storage:
    return {"device": device, "format": kind, "label": "root", "wipeFilesystem": True}


def script(what: str, storage: Storage, path: Path = SCRIPT) -> subprocess.CompletedProcess[str]:
    config = {"ignition": {"version": "3.7.0-experimental"}, "storage": storage}
    FAILURE.parent.mkdir(exist_ok=True)
    RENDERED.write_text(json.dumps(config, separators=(",", ":"), sort_keys=True))
    return subprocess.run(["sh", path, what], capture_output=True, text=True)


def move(storage: Storage) -> None:
    """A first boot up to the mount of the root."""
    done = script("save", storage)
    assert done.returncode == 0, done.stderr
    succeed("disks", storage)
    done = script("restore", storage)
    assert done.returncode == 0, done.stderr
    assert not os.path.ismount(WORK / "memory")


def kept(device: str) -> str:
    """What a file on a root says, after checks that it is the one of `machine`."""
    shell("mount", "-o", "ro", device, str(LOOK))
    try:
        about = (LOOK / "file").stat()
        assert (about.st_uid, about.st_gid, about.st_mode & 0o7777) == (12, 34, 0o4750)
        assert about.st_ino == (LOOK / "link").stat().st_ino
        assert os.getxattr(LOOK / "file", "user.note") == b"note"
        return (LOOK / "file").read_text()
    finally:
        shell("umount", str(LOOK))


def root_arguments() -> str:
    shell("mount", "-o", "ro", "LABEL=boot", str(LOOK))
    try:
        return (LOOK / "root.cfg").read_text()
    finally:
        shell("umount", str(LOOK))


@pytest.fixture
def machine(blank_disk: BlankDisk) -> Iterator[str]:
    """The disk of a distribution: /boot on the first partition, the root on the second."""
    disk = blank_disk(size_mib=256)
    table = "label: gpt\nsize=32MiB\nsize=128MiB\nsize=64MiB\n"
    subprocess.run(["sfdisk", "--quiet", disk], input=table, text=True, check=True)
    shell("mkfs.ext4", "-q", "-L", "boot", f"{disk}p1")
    shell("mkfs.ext4", "-q", "-L", "root", f"{disk}p2")
    LOOK.mkdir(exist_ok=True)
    shell("mount", f"{disk}p2", str(LOOK))
    (LOOK / "file").write_text("of the image")
    os.chown(LOOK / "file", 12, 34)
    (LOOK / "file").chmod(0o4750)
    os.link(LOOK / "file", LOOK / "link")
    os.setxattr(LOOK / "file", "user.note", b"note")
    shell("umount", str(LOOK))
    shell("udevadm", "settle")
    yield disk
    subprocess.run(["umount", WORK / "old", WORK / "memory"], capture_output=True)
    for folder in (WORK, FAILURE.parent / "keys"):
        shutil.rmtree(folder, ignore_errors=True)
    FAILURE.unlink(missing_ok=True)


def test_in_place_to_a_mirror(machine: str, blank_disk: BlankDisk) -> None:
    members = [f"{machine}p2", blank_disk(size_mib=128)]
    move(
        {
            "raid": [{"name": "root", "level": "raid1", "devices": members}],
            "filesystems": [new_root("/dev/md/root")],
        }
    )
    assert kept("/dev/md/root") == "of the image"
    detail = shell("mdadm", "--detail", "--export", "/dev/md/root")
    [uuid] = [line[8:] for line in detail.splitlines() if line.startswith("MD_UUID=")]
    assert root_arguments() == f'set root_arguments="rd.md.uuid={uuid}"\n'


def test_to_an_encrypted_volume_with_a_key(machine: str) -> None:
    """Elsewhere on the disk: the old root is erased once the new one is complete."""
    keys = {"device": f"{machine}p3", "format": "vfat", "label": "keys"}
    volume = {"name": "root", "device": f"{machine}p2", "options": luks.FAST, "wipeVolume": True}
    move({"luks": [volume], "filesystems": [keys, new_root("/dev/mapper/root")]})
    assert kept("/dev/mapper/root") == "of the image"
    uuid = luks.cryptsetup("luksUUID", f"{machine}p2").strip()
    arguments = f"rd.luks.name={uuid}=root rd.luks.key={uuid}=/{uuid}.key:LABEL=keys"
    assert root_arguments() == f'set root_arguments="{arguments}"\n'
    shell("mount", "-o", "ro", "LABEL=keys", str(LOOK))
    key = (LOOK / f"{uuid}.key").read_bytes()
    shell("umount", str(LOOK))
    assert luks.opens(f"{machine}p2", key)


@pytest.mark.slow
def test_a_power_cut_before_the_copy_is_complete(machine: str, blank_disk: BlankDisk) -> None:
    """The old root is on another device, and untouched."""
    disk = blank_disk(size_mib=128)
    storage = {"filesystems": [new_root(disk)]}
    assert script("save", storage).returncode == 0
    succeed("disks", storage)
    shell("umount", str(WORK / "memory"))
    move(storage)
    assert kept(disk) == "of the image"
    assert "LABEL" not in tags(f"{machine}p2")


def test_what_is_refused_before_anything_changes(machine: str, blank_disk: BlankDisk) -> None:
    volume = {"name": "root", "device": f"{machine}p2"}
    locked = {"luks": [volume], "filesystems": [new_root("/dev/mapper/root")]}
    assert "no filesystem labelled keys" in script("save", locked).stderr

    few = Path("/run/few")
    few.write_text(SCRIPT.read_text().replace("reserve=524288", "reserve=999999999"))
    done = script("save", {"filesystems": [new_root(f"{machine}p2")]}, few)
    assert "MiB are needed" in done.stderr
    assert "give the machine more memory" in FAILURE.read_text()
    shell("umount", str(WORK / "old"))

    second = blank_disk(size_mib=64)
    shell("mkfs.ext4", "-q", "-L", "root", second)
    assert (
        "several filesystems" in script("save", {"filesystems": [new_root(f"{machine}p3")]}).stderr
    )
    assert kept(f"{machine}p2") == "of the image"


def test_other_configs_save_nothing(machine: str) -> None:
    other = {"device": f"{machine}p3", "format": "ext4", "label": "other"}
    assert script("save", {"filesystems": [other]}).returncode == 0
    assert not WORK.exists()
