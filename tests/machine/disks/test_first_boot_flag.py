# SPDX-License-Identifier: Apache-2.0
"""The end of the first boot on real boot filesystems: what is cleared stays cleared after a power cut."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.filesystems import shell
from tests.machine.disks.tables import ESP, LINUX, MIB, Part, make_table

COMPLETE = Path(__file__).parents[3] / "dracut-module/system/ignition-firstboot-complete.sh"
ROOT = Path("/run/machine/root")
AFTER = Path("/run/machine/after-the-cut")
BOOT = "0e8a2a5c-3d4f-4d7e-9d57-0c5f5f4ad0b1"
ENTRY = "options root=LABEL=root ignition.firstboot quiet\n"
PARTUUID = "11111111-1111-4111-8111-111111111111"
MKFS = {"vfat": ("mkfs.vfat",), "ext4": ("mkfs.ext4", "-q")}


@dataclass(frozen=True)
class Disk:
    """A boot filesystem on the first partition and a root on the second, mounted at ROOT."""

    boot: str
    image: Path

    def complete(self) -> subprocess.CompletedProcess[str]:
        settings = {
            "IGNITION_ROOT": str(ROOT),
            "IGNITION_BOOT_ID_PATH": str(ROOT / "boot_id"),
            "IGNITION_EFI_VARIABLES": str(ROOT / "efivars"),
            "IGNITION_RUN_DIR": "/run/machine/ignition",
        }
        return subprocess.run(
            [COMPLETE], env={**os.environ, **settings}, capture_output=True, text=True
        )


def build(disk: str, kind: str, partition_type: str, label: str = "") -> Disk:
    parts = [
        Part(1, 2 * MIB, 64 * MIB, "boot", partition_type, PARTUUID),
        Part(2, 66 * MIB, 32 * MIB, "root", LINUX),
    ]
    make_table(disk, parts)
    boot = f"{disk}p1"
    shell(*MKFS[kind], *((("-n" if kind == "vfat" else "-L"), label) if label else ()), boot)
    shell("mkfs.ext4", "-q", f"{disk}p2")
    ROOT.mkdir(exist_ok=True)
    shell("mount", f"{disk}p2", str(ROOT))
    for folder in ("boot", "etc", "efi"):
        (ROOT / folder).mkdir()
    (ROOT / "boot_id").write_text(f"{BOOT}\n")
    (ROOT / "etc/.ignition-result.json").write_text(f'{{"provisioningBootID": "{BOOT}"}}')
    shell("mount", boot, str(ROOT / "boot"))
    entries = ROOT / "boot/loader/entries"
    entries.mkdir(parents=True)
    (entries / "a.conf").write_text(ENTRY)
    (ROOT / "boot/ignition.firstboot").write_text("set ignition_network_kcmdline=''\n")
    shell("umount", str(ROOT / "boot"))
    backing = Path("/sys/block", Path(disk).name, "loop/backing_file").read_text().strip()
    return Disk(boot, Path(backing))


@pytest.fixture(autouse=True)
def nothing_mounted() -> Iterator[None]:
    AFTER.mkdir(exist_ok=True)
    yield
    for folder in (ROOT / "boot", ROOT, AFTER):
        subprocess.run(["umount", folder], capture_output=True)


def assert_cleared(folder: Path) -> None:
    assert not (folder / "ignition.firstboot").exists()
    text = (folder / "loader/entries/a.conf").read_text()
    assert text.split() == ["options", "root=LABEL=root", "quiet"]
    assert len(text) == len(ENTRY)


def power_cut(disk: Disk) -> None:
    """Mounts a copy of what is on the disk by now, without what is only in memory, at AFTER."""
    copy = disk.image.with_suffix(".cut")
    shell("cp", "--sparse=always", str(disk.image), str(copy))
    start = 2 * MIB * 512
    shell("mount", "-o", f"loop,offset={start},sizelimit={64 << 20}", str(copy), str(AFTER))
    copy.unlink()


@pytest.mark.parametrize("kind", ["vfat", pytest.param("ext4", marks=pytest.mark.slow)])
def test_it_is_on_the_disk_when_the_service_ends(blank_disk: BlankDisk, kind: str) -> None:
    disk = build(blank_disk(128), kind, ESP)
    shell("mount", disk.boot, str(ROOT / "boot"))
    done = disk.complete()
    assert (done.returncode, done.stderr) == (0, "")
    power_cut(disk)
    assert_cleared(AFTER)
    assert_cleared(ROOT / "boot")


@pytest.mark.parametrize(
    ("kind", "partition_type", "label"),
    [
        pytest.param("vfat", ESP, "", id="ESP"),
        pytest.param("ext4", LINUX, "boot", id="label boot", marks=pytest.mark.slow),
    ],
)
def test_a_boot_filesystem_that_is_not_mounted(
    blank_disk: BlankDisk, kind: str, partition_type: str, label: str
) -> None:
    disk = build(blank_disk(128), kind, partition_type, label)
    done = disk.complete()
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{disk.boot} is not mounted" in done.stdout
    assert disk.boot not in Path("/proc/mounts").read_text()
    shell("mount", "-o", "ro", disk.boot, str(AFTER))
    assert_cleared(AFTER)


@pytest.mark.slow
def test_the_boot_loaders_disk_is_another_than_the_roots(blank_disk: BlankDisk) -> None:
    loaders, roots = blank_disk(128), blank_disk(128)
    disk = build(loaders, "vfat", ESP)
    shell("umount", str(ROOT))
    make_table(roots, [Part(1, 2 * MIB, 32 * MIB, "root", LINUX)])
    shell("mkfs.ext4", "-q", f"{roots}p1")
    shell("mount", f"{roots}p1", str(ROOT))
    for folder in ("boot", "etc", "efi", "efivars"):
        (ROOT / folder).mkdir()
    (ROOT / "boot_id").write_text(f"{BOOT}\n")
    (ROOT / "etc/.ignition-result.json").write_text(f'{{"provisioningBootID": "{BOOT}"}}')
    assert "IGN6212" in disk.complete().stderr

    variable = ROOT / "efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    variable.write_bytes(b"\6\0\0\0" + f"{PARTUUID.upper()}\0".encode("utf-16-le"))
    done = disk.complete()
    assert (done.returncode, done.stderr) == (0, "")
    shell("mount", "-o", "ro", disk.boot, str(AFTER))
    assert_cleared(AFTER)


@pytest.mark.slow
def test_a_read_only_disk_keeps_the_flag_and_says_so(blank_disk: BlankDisk) -> None:
    disk = build(blank_disk(128), "vfat", ESP)
    shell("blockdev", "--setro", disk.boot)
    shell("mount", "-o", "ro", disk.boot, str(ROOT / "boot"))
    done = disk.complete()
    assert done.returncode == 1
    assert "IGN6211" in done.stderr
    assert (ROOT / "boot/ignition.firstboot").exists()
    assert (ROOT / "boot/loader/entries/a.conf").read_text() == ENTRY
