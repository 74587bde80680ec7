# SPDX-License-Identifier: Apache-2.0
"""QEMU's command line for guests. In tests/boot QEMU reads it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed import accel
from ignition.testbed.drive_arguments import drive_arguments
from ignition.testbed.drives import Drive
from ignition.testbed.qemu import DirectKernel, FromCd, FromDisk, Guest


@pytest.fixture(autouse=True)
def emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accel, "DEVICE", "/nonexistent")


def pairs(arguments: list[str]) -> list[tuple[str, str]]:
    return list(zip(arguments[::2], arguments[1::2], strict=True))


def devices(*drives: Drive) -> list[str]:
    return [value for name, value in pairs(list(drive_arguments(drives))) if name == "-device"]


def backends(*drives: Drive) -> list[str]:
    return [value for name, value in pairs(list(drive_arguments(drives))) if name == "-drive"]


IMAGE = Path("/disks/a,b.img")


def test_a_drive_on_each_bus() -> None:
    drives = [Drive(IMAGE, bus=bus, serial="s") for bus in ("virtio", "scsi", "nvme", "ide")]
    assert devices(*drives) == [
        "virtio-scsi-pci,id=scsi",
        "piix3-ide,id=ata",
        "virtio-blk-pci,drive=disk0,serial=s",
        "scsi-hd,drive=disk1,bus=scsi.0,scsi-id=0,serial=s",
        "nvme,drive=disk2,serial=s",
        "ide-hd,drive=disk3,bus=ata.0,unit=0,serial=s",
    ]


def test_drives_are_numbered_per_bus() -> None:
    drives = [Drive(IMAGE, bus="scsi"), Drive(IMAGE), Drive(IMAGE, bus="scsi", cdrom=True)]
    assert devices(*drives)[1:] == [
        "scsi-hd,drive=disk0,bus=scsi.0,scsi-id=0",
        "virtio-blk-pci,drive=disk1",
        "scsi-cd,drive=disk2,bus=scsi.0,scsi-id=1",
    ]


def test_names_that_udev_makes_links_of() -> None:
    assert devices(
        Drive(IMAGE, bus="ide", model="QEMU_HARDDISK", serial="QM1"),
        Drive(IMAGE, bus="scsi", wwn="5000c500a1b2c3d4"),
        Drive(IMAGE, bus="nvme"),
    )[2:] == [
        "ide-hd,drive=disk0,bus=ata.0,unit=0,serial=QM1,model=QEMU_HARDDISK",
        "scsi-hd,drive=disk1,bus=scsi.0,scsi-id=0,wwn=0x5000c500a1b2c3d4",
        "nvme,drive=disk2,serial=disk2",
    ]


def test_ata_disks_are_two_per_cable_and_four_in_all() -> None:
    four = [Drive(IMAGE, bus="ide")] * 4
    places = [device.partition(",bus=")[2] for device in devices(*four)[1:]]
    assert places == ["ata.0,unit=0", "ata.0,unit=1", "ata.1,unit=0", "ata.1,unit=1"]
    with pytest.raises(Failure, match="at most 4"):
        devices(*four, four[0])


def test_images_are_opened_as_they_may_be() -> None:
    start = "file=/disks/a,,b.img"
    assert backends(
        Drive(IMAGE, "qcow2", iops=50),
        Drive(IMAGE, read_only=True),
        Drive(IMAGE, cdrom=True, bus="ide"),
    ) == [
        f"{start},format=qcow2,if=none,id=disk0,cache=unsafe,discard=unmap,throttling.iops-total=50",
        f"{start},format=raw,if=none,id=disk1,cache=unsafe,discard=unmap,readonly=on",
        f"{start},format=raw,if=none,id=disk2,media=cdrom,readonly=on",
    ]


def command(folder: Path, **more: object) -> list[str]:
    boot = more.pop("boot", FromDisk())
    return Guest(folder, boot, [Drive(IMAGE, boot=True)], **more).command_line()  # type: ignore[arg-type]


def after(argv: list[str], option: str) -> list[str]:
    return [value for name, value in pairwise(argv) if name == option]


def test_ways_to_boot(tmp_path: Path) -> None:
    direct = command(tmp_path, boot=DirectKernel(Path("/k"), Path("/i"), "a=1 b"))
    assert (after(direct, "-kernel"), after(direct, "-initrd")) == (["/k"], ["/i"])
    assert after(direct, "-append") == ["a=1 b"] and "-no-reboot" in direct
    cd = command(tmp_path, boot=FromCd(Path("/cd")))
    assert "ide-cd,drive=boot,bootindex=0" in after(cd, "-device")
    bios = command(tmp_path)
    assert "-no-reboot" not in bios
    assert "virtio-blk-pci,drive=disk0,bootindex=0" in after(bios, "-device")
    uefi = command(tmp_path, boot=FromDisk((Path("/code"), Path("/vars"))))
    flash = [drive for drive in after(uefi, "-drive") if drive.startswith("if=pflash")]
    assert flash == [
        "if=pflash,unit=0,format=raw,readonly=on,file=/code",
        "if=pflash,unit=1,format=raw,file=/vars",
    ]


def test_memory_processors_vendor_and_items(tmp_path: Path) -> None:
    argv = command(tmp_path, memory_mib=700, cpus=3, vendor="A,B", fw_cfg={"opt/x/y": b"body"})
    assert (after(argv, "-m"), after(argv, "-smp")) == (["700"], ["3"])
    assert after(argv, "-smbios") == ["type=1,manufacturer=A,,B"]
    assert after(argv, "-fw_cfg") == [f"name=opt/x/y,file={tmp_path}/fw_cfg.opt.x.y"]
    assert (tmp_path / "fw_cfg.opt.x.y").read_bytes() == b"body"


def test_networks(tmp_path: Path) -> None:
    assert after(command(tmp_path, network=False), "-netdev") == []
    assert after(command(tmp_path), "-netdev") == ["user,id=net"]
    (cloud,) = after(command(tmp_path, services={("169.254.169.254", 80): 1234}), "-netdev")
    assert "net=169.254.0.0/16" in cloud
    assert "guestfwd=tcp:169.254.169.254:80-cmd:" in cloud and cloud.endswith("relay.py 1234")
    (other,) = after(command(tmp_path, services={("100.100.100.200", 80): 7}), "-netdev")
    assert "net=100.100.100.0/24" in other


def test_services_too_far_apart(tmp_path: Path) -> None:
    services = {("100.100.100.200", 80): 7, ("169.254.169.254", 80): 8}
    with pytest.raises(Failure, match="no network has all of"):
        command(tmp_path, services=services)


def test_a_terminal_instead_of_a_log(tmp_path: Path) -> None:
    argv = command(tmp_path, interactive=True)
    (stdio,) = [value for value in after(argv, "-chardev") if value.startswith("stdio")]
    assert "mux=on,signal=off" in stdio and stdio.endswith(f"logfile={tmp_path}/console.log")
