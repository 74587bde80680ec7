# SPDX-License-Identifier: Apache-2.0
"""Mounting and unmounting for the files phase."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import Ran, run
from tests.machine.disks.tables import MIB, Part, make_table

Storage = dict[str, Any]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "sysroot"
    folder.mkdir()
    yield folder
    for target in reversed(targets(folder)):
        subprocess.run(["umount", "--lazy", target], check=True)


@pytest.fixture
def volumes(blank_disk: BlankDisk) -> list[str]:
    """Three partitions with an empty ext4 each."""
    disk = blank_disk(size_mib=64)
    make_table(disk, [Part(n, (1 + 16 * (n - 1)) * MIB, 16 * MIB) for n in (1, 2, 3)])
    for n in (1, 2, 3):
        subprocess.run(["mkfs.ext4", "-q", f"{disk}p{n}"], check=True)
    return [f"{disk}p{n}" for n in (1, 2, 3)]


def targets(root: Path) -> list[str]:
    """Mount points at and below the root, in mount order."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    found = [line.split()[4] for line in lines]
    return [one for one in found if one == str(root) or one.startswith(f"{root}/")]


def ext4(device: str, path: str | None, **more: Any) -> dict[str, Any]:
    return {"device": device, "format": "ext4", "path": path, **more}


def mount(root: Path, *filesystems: dict[str, Any], **more: Any) -> Ran:
    more.setdefault("selinux_relabel", False)
    return run("mount", {"filesystems": list(filesystems)}, root, **more)


def unmount(root: Path, *filesystems: dict[str, Any]) -> Ran:
    return run("umount", {"filesystems": list(filesystems)}, root)


def test_mounted_by_depth_and_unmounted_in_reverse(root: Path, volumes: list[str]) -> None:
    wanted = [ext4(volumes[0], "/x/y"), ext4(volumes[1], "/x"), ext4(volumes[2], "/")]
    ran = mount(root, *wanted)
    assert not ran.failures, ran.text()
    assert targets(root) == [str(root), f"{root}/x", f"{root}/x/y"]
    again = mount(root, *wanted, state=ran.state)
    assert not again.failures
    assert len(targets(root)) == 3, "a second run must not mount them again"
    ran = unmount(root, *wanted)
    assert not ran.failures, ran.text()
    lines = [line.split('"')[1] for line in ran.logged("[started]  umounting")]
    assert lines == [f"{root}/x/y", f"{root}/x", str(root)]
    assert targets(root) == []


def test_options_and_none(root: Path, blank_disk: BlankDisk, volumes: list[str]) -> None:
    disk = blank_disk(size_mib=128)
    subprocess.run(["mkfs.btrfs", "-q", disk], check=True)
    btrfs = {
        "device": disk,
        "format": "btrfs",
        "path": "/tmp0",
        "mountOptions": ["noexec", "subvolid=5"],
    }
    ran = mount(root, btrfs, ext4(volumes[0], "/plain"))
    assert not ran.failures, ran.text()
    assert "dev_aliases" not in Path("/proc/self/mountinfo").read_text()
    assert ran.logged(f'"-o" "noexec,subvolid=5" "-t" "btrfs" "{disk}" "{root}/tmp0"')
    [line] = [
        line for line in Path("/proc/self/mounts").read_text().splitlines() if "/tmp0 " in line
    ]
    assert {"noexec", "subvolid=5"} <= set(line.split()[3].split(","))
    assert not mount(root, btrfs).failures
    assert len(targets(root)) == 2


def test_invalid_mount_options_fail(root: Path, volumes: list[str]) -> None:
    ran = mount(root, ext4(volumes[0], "/tmp0", mountOptions=["doesnotexist"]))
    assert ran.codes == ["IGN7002"]
    assert targets(root) == []


@pytest.mark.parametrize("what", ["link", "file"])
def test_mount_path_must_consist_of_folders(root: Path, volumes: list[str], what: str) -> None:
    if what == "link":
        (root / "a").symlink_to("/")
    else:
        (root / "a").write_text("")
    ran = mount(root, ext4(volumes[1], "/fine"), ext4(volumes[0], "/a/b"))
    assert ran.codes == ["IGN2501"]
    assert f'contains non-directory component "{root}/a"' in str(ran.failures[0])
    assert targets(root) == [], "refused before the first mount"


def test_symlink_inside_a_filesystem_mounted_earlier(root: Path, volumes: list[str]) -> None:
    subprocess.run(["mount", volumes[0], root], check=True)
    (root / "a").symlink_to("/")
    subprocess.run(["umount", root], check=True)
    ran = mount(root, ext4(volumes[0], "/"), ext4(volumes[1], "/a/b"))
    assert ran.codes == ["IGN2501"]
    assert targets(root) == [str(root)]


def test_entries_without_a_filesystem_are_skipped(root: Path, volumes: list[str]) -> None:
    entries = [
        {"device": volumes[0], "format": "swap", "path": "/a"},
        {"device": volumes[1], "format": "none", "path": "/b"},
        {"device": volumes[2], "path": "/c"},
        {"device": "/dev/absent", "format": "ext4"},
    ]
    assert mount(root, *entries).summary == []
    assert unmount(root, *entries).summary == []


def test_virtiofs_is_mounted_by_its_tag(root: Path, tmp_path: Path) -> None:
    """No device here has a tag. So a program in place of mount records its arguments and mounts a tmpfs."""
    share = {"device": "tag", "format": "virtiofs", "path": "/share", "mountOptions": ["ro"]}
    program = tmp_path / "mount"
    program.write_text(
        f'#!/bin/sh\necho "$@" >{tmp_path}/arguments\nexec mount -t tmpfs tag {root}/share\n'
    )
    program.chmod(0o755)
    ran = mount(root, share, programs={"mount": str(program)})
    assert not ran.failures, ran.text()
    assert (tmp_path / "arguments").read_text() == f"-o ro -t virtiofs tag {root}/share\n"
    assert not unmount(root, share).failures
    assert mount(root, share).codes == ["IGN7002"]
    assert targets(root) == []


def test_missing_folders_are_created_and_recorded(root: Path, volumes: list[str]) -> None:
    old = os.umask(0o077)
    ran = mount(root, ext4(volumes[0], "/a/b/c"))
    os.umask(old)
    assert ran.state.notated_directories == ["/a", "/a/b", "/a/b/c"]
    for folder in (root / "a", root / "a/b"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert not unmount(root, ext4(volumes[0], "/a/b/c")).failures
    assert stat.S_IMODE((root / "a/b/c").stat().st_mode) == 0o755


def test_existing_mount_point_is_unchanged(root: Path, volumes: list[str]) -> None:
    (root / "a").mkdir(mode=0o700)
    os.chown(root / "a", 5, 5)
    ran = mount(root, ext4(volumes[0], "/a"))
    assert ran.state.notated_directories == []
    unmount(root, ext4(volumes[0], "/a"))
    status = (root / "a").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o700, 5)


def test_missing_device(root: Path) -> None:
    assert mount(root, ext4("/dev/absent", "/a"), wait_device=1).codes == ["IGN2001"]


def test_unmounting_an_unmounted_path_fails(root: Path, volumes: list[str]) -> None:
    assert unmount(root, ext4(volumes[0], "/a")).codes == ["IGN2503"]


def test_busy_mount_fails_and_others_are_unmounted(root: Path, volumes: list[str]) -> None:
    wanted = [ext4(volumes[0], "/x"), ext4(volumes[1], "/x/busy"), ext4(volumes[2], "/other/one")]
    assert not mount(root, *wanted).failures
    with open(root / "x/busy/file", "w"):
        ran = unmount(root, *wanted)
        assert ran.codes == ["IGN2504", "IGN2504"]
        assert "busy" in str(ran.failures[0])
        assert targets(root) == [f"{root}/x", f"{root}/x/busy"]
    assert not unmount(root, *wanted[:2]).failures


def test_foreign_mount_is_used_and_not_unmounted(root: Path, volumes: list[str]) -> None:
    """The initramfs mounts the root, and the config may list it too. Ignition fails there."""
    subprocess.run(["mount", volumes[0], root], check=True)
    wanted = ext4(volumes[0], "/"), ext4(volumes[1], "/a")
    assert not mount(root, *wanted).failures
    assert targets(root) == [str(root), f"{root}/a"]
    assert not unmount(root, *wanted).failures
    assert targets(root) == [str(root)]


def test_two_filesystems_on_the_same_path_are_stacked(root: Path, volumes: list[str]) -> None:
    wanted = [ext4(volumes[0], "/a"), ext4(volumes[1], "/a")]
    assert not mount(root, *wanted).failures
    assert targets(root) == [f"{root}/a"] * 2
    assert not unmount(root, *wanted).failures
    assert targets(root) == []


def test_udev_link_may_move_between_phases(root: Path, volumes: list[str]) -> None:
    link = "/run/machine/by-name"
    os.symlink(volumes[0], link)
    assert not run("disks", {"filesystems": [ext4(link, "/a")]}).failures
    os.unlink(link)
    os.symlink(volumes[1], link)
    ran = mount(root, ext4(link, "/a"))
    os.unlink(link)
    assert not ran.failures, ran.text()
    assert f"{volumes[0]} {root}/a " in Path("/proc/self/mounts").read_text()


def test_only_new_folders_and_filesystems_are_relabeled(
    root: Path, volumes: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """New folders once, and the root of a filesystem without files; nothing else."""
    programs = tmp_path / "bin"
    programs.mkdir()
    setfiles = programs / "setfiles"
    setfiles.write_text(f"#!/bin/sh\ntr '\\0' '\\n' >>{tmp_path}/labelled\n")
    setfiles.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (root / "etc/selinux").mkdir(parents=True)
    (root / "etc/selinux/config").write_text("SELINUXTYPE=targeted\n")
    (root / "full").mkdir()
    subprocess.run(["mount", volumes[1], root / "full"], check=True)
    (root / "full/file").write_text("")
    subprocess.run(["umount", root / "full"], check=True)
    ran = mount(root, ext4(volumes[0], "/a/b"), ext4(volumes[1], "/full"), selinux_relabel=True)
    assert not ran.failures, ran.text()
    assert (tmp_path / "labelled").read_text().splitlines() == [f"{root}/a", f"{root}/a/b"]
