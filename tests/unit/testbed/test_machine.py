# SPDX-License-Identifier: Apache-2.0
"""New machines: their disks, and how they start. In tests/boot they run."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed.faults import parse
from ignition.testbed.images import Image
from ignition.testbed.machine import Machine, create
from ignition.testbed.needed_drives import DriveSpec
from ignition.testbed.platforms import Delivery
from ignition.testbed.qemu import DirectKernel, FromDisk

MIB = 1 << 20


@pytest.fixture
def image(tmp_path: Path) -> Image:
    root = tmp_path / "root"
    root.mkdir()
    (root / "ignition.firstboot").touch()
    disk = tmp_path / "image.img"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, disk, "16M"], check=True)
    initramfs = tmp_path / "initramfs"
    initramfs.write_bytes(b"first")
    return Image("debian", disk, direct=DirectKernel(Path("/kernel"), initramfs, "root=LABEL=root"))


def foreign(image: Image) -> Image:
    return replace(image, reporter="config")


VDB, SDA = DriveSpec(size=2 * MIB, device="/dev/vdb"), DriveSpec("scsi", "s", 3 * MIB, "/dev/sda")


def test_a_machine_has_an_overlay_and_empty_disks(image: Image, tmp_path: Path) -> None:
    before = image.disk.read_bytes()
    machine = create(tmp_path / "new/machine", image, [VDB, SDA])
    system, first, second = machine.drives
    assert (system.format, system.bus, system.boot) == ("qcow2", "virtio", False)
    assert [drive.image.stat().st_size for drive in (first, second)] == [2 * MIB, 3 * MIB]
    assert [(drive.bus, drive.serial) for drive in (first, second)] == [
        ("virtio", "disk1"),
        ("scsi", "s"),
    ]
    assert all(drive.image.parent == machine.folder for drive in machine.drives)
    assert image.disk.read_bytes() == before
    machine.remove_disks()
    assert not any(drive.image.exists() for drive in machine.drives)


def test_the_boot_disk_comes_last_where_its_name_is_taken(image: Image, tmp_path: Path) -> None:
    vda = DriveSpec(size=MIB, device="/dev/vda")
    elsewhere = create(tmp_path / "a", image, [vda], boot_bus="scsi")
    assert [drive.bus for drive in elsewhere.drives] == ["scsi", "virtio"]
    behind = create(tmp_path / "b", image, [vda])
    assert behind.system == 1 and behind.drives[1].serial == "system"


def test_faults_of_disks(image: Image, tmp_path: Path) -> None:
    slow = create(tmp_path / "slow", image, [VDB], fault=parse("disk-slow=70"))
    assert [drive.iops for drive in slow.drives] == [70, 70]
    filler = DriveSpec(size=MIB)
    missing = create(tmp_path / "missing", image, [VDB, SDA, filler], fault=parse("disk-missing"))
    assert [drive.bus for drive in missing.drives] == ["virtio", "virtio", "virtio"]
    full = create(tmp_path / "full", image, [VDB], fault=parse("disk-full"))
    assert full.drives[0].format == "raw"
    with pytest.raises(Failure, match="no data disk") as caught:
        create(tmp_path / "none", image, [filler], fault=parse("disk-missing"))
    assert caught.value.code == "IGN8331"


def test_a_folder_that_cannot_be_made(image: Image, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot write") as caught:
        create(image.disk / "machine", image)
    assert caught.value.code == "IGN8012"


def arguments(machine: Machine, *more: str) -> str:
    start = machine._start(Delivery(cmdline=("ignition.platform.id=aws",)), more)
    assert isinstance(start, DirectKernel)
    return start.cmdline


def test_the_argument_of_a_first_boot_follows_the_flag(image: Image, tmp_path: Path) -> None:
    machine = create(tmp_path / "machine", image)
    first = "root=LABEL=root ignition.firstboot ignition.platform.id=aws a=1"
    assert arguments(machine, "a=1") == first
    system = tmp_path / "provisioned.img"
    system.write_bytes(image.disk.read_bytes())
    subprocess.run(
        ["debugfs", "-w", "-R", "rm /ignition.firstboot", system], check=True, capture_output=True
    )
    machine.drives = (replace(machine.drives[0], image=system, format="raw"),)
    assert arguments(machine) == "root=LABEL=root ignition.platform.id=aws"


def test_a_foreign_image_boots_for_the_first_time_until_one_boot_was_whole(
    image: Image, tmp_path: Path
) -> None:
    machine = create(tmp_path / "machine", foreign(image))
    assert "ignition.firstboot" in arguments(machine)
    machine.boots = machine.cuts = 1
    assert "ignition.firstboot" in arguments(machine)
    machine.boots = 2
    assert "ignition.firstboot" not in arguments(machine)


def test_files_are_added_to_a_copy_of_the_initramfs(image: Image, tmp_path: Path) -> None:
    machine = create(tmp_path / "machine", image)
    start = machine._start(Delivery(initramfs_files={"/etc/hosts": b"1.2.3.4 name\n"}), [])
    assert isinstance(start, DirectKernel)
    data = start.initramfs.read_bytes()
    assert data.startswith(b"first") and b"1.2.3.4 name" in data
    assert (tmp_path / "initramfs").read_bytes() == b"first"


def test_firmware_with_variables_of_this_machine(image: Image, tmp_path: Path) -> None:
    code, empty = tmp_path / "code", tmp_path / "vars"
    code.touch()
    empty.write_bytes(b"empty")
    whole = replace(foreign(image), direct=None, firmware="uefi", uefi=(code, empty))
    machine = create(tmp_path / "machine", whole)
    assert machine.drives[0].boot
    start = machine._start(Delivery(), [])
    assert isinstance(start, FromDisk) and start.uefi is not None
    start.uefi[1].write_bytes(b"written")
    assert machine._start(Delivery(), []) == start
    assert (start.uefi[1].read_bytes(), empty.read_bytes()) == (b"written", b"empty")
