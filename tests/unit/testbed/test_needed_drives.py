# SPDX-License-Identifier: Apache-2.0
"""The data disks that a config names, and disks from the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ignition.acquisition.rendered import Rendered
from ignition.base.errors import Failure
from ignition.config.parse import parse
from ignition.testbed.drives import Bus
from ignition.testbed.needed_drives import DEFAULT_SIZE, DriveSpec, Needed, needed, parse_disk

MIB = 1 << 20


def drives_for(storage: dict[str, Any], *, foreign: bool = False) -> Needed:
    config = {"ignition": {"version": "3.4.0"}, "storage": storage}
    value = parse(json.dumps(config).encode(), "test").value
    return needed(Rendered(value, [], []), foreign=foreign)  # type: ignore[arg-type]


def disks(*devices: str) -> dict[str, Any]:
    return {"disks": [{"device": device} for device in devices]}


@pytest.mark.parametrize(
    ("device", "bus", "serial", "model", "wwn"),
    [
        ("/dev/vdb", "virtio", "", "", ""),
        ("/dev/sda", "scsi", "", "", ""),
        ("/dev/nvme0n1", "nvme", "", "", ""),
        ("/dev/disk/by-id/virtio-data", "virtio", "data", "", ""),
        ("/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_data", "scsi", "data", "", ""),
        ("/dev/disk/by-id/scsi-35000c500a1b2c3d4", "scsi", "", "", "5000c500a1b2c3d4"),
        ("/dev/disk/by-id/wwn-0x5000c500a1b2c3d4", "scsi", "", "", "5000c500a1b2c3d4"),
        ("/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_data", "nvme", "data", "", ""),
        ("/dev/disk/by-id/ata-QEMU_HARDDISK_QM00005", "ide", "QM00005", "QEMU_HARDDISK", ""),
    ],
)
def test_each_form_of_a_name(device: str, bus: Bus, serial: str, model: str, wwn: str) -> None:
    found = drives_for(disks(device))
    assert found.drives == (DriveSpec(bus, serial, DEFAULT_SIZE, device, model, wwn),)
    assert found.notes == ()


@pytest.mark.parametrize(
    ("filesystem", "disk"),
    [
        ("/dev/vdb1", "/dev/vdb"),
        ("/dev/sda15", "/dev/sda"),
        ("/dev/nvme0n1p2", "/dev/nvme0n1"),
        ("/dev/disk/by-id/virtio-data-part3", "/dev/disk/by-id/virtio-data"),
        ("/dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part1", "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"),
    ],
)
def test_a_partition_needs_its_disk(filesystem: str, disk: str) -> None:
    found = drives_for({"filesystems": [{"device": filesystem, "format": "ext4"}]})
    assert [spec.device for spec in found.drives] == [disk]


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("/dev/xvdb", "Xen"),
        ("/dev/mmcblk0", "SD card"),
        ("/dev/mmcblk0p1", "SD card"),
        ("/dev/hda", "since 2.6.20"),
        ("/dev/dasda", "IBM Z"),
        ("/dev/disk/by-path/pci-0000:00:04.0", "slot"),
        ("/dev/disk/by-id/coreos-boot-disk", "Fedora CoreOS"),
        ("/dev/disk/by-id/google-data", "Google"),
        ("/dev/disk/azure/scsi1/lun0", "Azure"),
        ("/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol1", "nvme-QEMU_NVMe_Ctrl_"),
        ("/dev/disk/by-id/scsi-SATA_disk_1", "scsi-0QEMU_QEMU_HARDDISK_"),
        ("/dev/disk/by-id/wwn-0x5000", "16 hexadecimal digits"),
        ("/dev/disk/by-id/virtio-a-serial-number-that-is-too-long", "1 to 20 characters"),
        ("/dev/disk/by-id/ata-serial", "ata-MODEL_SERIAL"),
        ("/dev/disk/by-id/usb-stick", "no disk of a guest"),
        ("/dev/nvme0n2", "one namespace"),
        ("/dev/data", "no disk of a guest"),
        ("/dev/vdzz", "at most"),
    ],
)
def test_a_name_that_cannot_be_played_is_noted(device: str, reason: str) -> None:
    found = drives_for(disks(device))
    assert found.drives == ()
    (note,) = found.notes
    assert device.removesuffix("p1") in note and "cannot be played" in note and reason in note


@pytest.mark.parametrize(
    "device",
    [
        *("/dev/md/data", "/dev/md127", "/dev/mapper/secret", "/dev/disk/by-label/data"),
        *("/dev/disk/by-partlabel/data", "/dev/disk/by-id/dm-name-secret"),
        "/dev/disk/by-id/md-name-any:data",
    ],
)
def test_what_is_made_of_other_devices_needs_no_drive(device: str) -> None:
    assert drives_for({"filesystems": [{"device": device, "format": "xfs"}]}) == Needed()


def test_gaps_are_filled_so_that_names_fit() -> None:
    found = drives_for(disks("/dev/vdd", "/dev/disk/by-id/virtio-x"))
    assert [spec.device for spec in found.drives] == [
        "",
        "",
        "/dev/vdd",
        "/dev/disk/by-id/virtio-x",
    ]
    assert found.boot_bus == "virtio"


@pytest.mark.parametrize(
    ("devices", "bus"),
    [
        (["/dev/vda"], "scsi"),
        (["/dev/vda", "/dev/vdb"], "scsi"),
        (["/dev/vda", "/dev/sda"], "nvme"),
        (["/dev/sda"], "virtio"),
        (["/dev/vda", "/dev/sdb"], "scsi"),
    ],
)
def test_the_boot_disk_takes_no_name_of_a_data_disk(devices: list[str], bus: str) -> None:
    found = drives_for(disks(*devices))
    assert found.boot_bus == bus
    assert [spec.device for spec in found.drives] == devices


def test_the_boot_disk_is_the_last_where_all_first_names_are_taken() -> None:
    devices = ["/dev/vda", "/dev/sda", "/dev/nvme0n1"]
    found = drives_for(disks(*devices))
    assert [spec.device for spec in found.drives] == devices
    assert (found.boot_bus, found.notes) == ("virtio", ())


def test_a_foreign_image_boots_from_vda_unless_the_table_is_wiped() -> None:
    assert (
        drives_for(disks("/dev/vda", "/dev/disk/by-id/coreos-boot-disk"), foreign=True) == Needed()
    )
    wiped = {"disks": [{"device": "/dev/vda", "wipeTable": True}]}
    assert drives_for(wiped, foreign=True).boot_bus == "scsi"


def size(storage: dict[str, Any]) -> int:
    (spec,) = {spec.size for spec in drives_for(storage).drives}
    return spec // MIB


def test_a_disk_has_room_for_its_partitions() -> None:
    parts = [{"number": 1, "sizeMiB": 3000}, {"number": 2, "startMiB": 5000, "sizeMiB": 100}]
    assert 5100 < size({"disks": [{"device": "/dev/vdb", "partitions": parts}]}) < 9000
    assert size({"disks": [{"device": "/dev/vdb", "partitions": [{"number": 1}]}]}) == 1024


def test_a_disk_has_room_for_what_is_made_on_its_partitions() -> None:
    parts = [{"label": f"xfs{number}"} for number in range(1, 6)]
    filesystems = [
        {"device": f"/dev/disk/by-partlabel/xfs{number}", "format": "xfs"} for number in range(1, 6)
    ]
    disk = {"device": "/dev/vdb", "partitions": parts}
    assert size({"disks": [disk], "filesystems": filesystems}) >= 1600


def test_members_of_an_array_have_room_for_what_is_on_it() -> None:
    names = [f"/dev/vdb{number}" for number in range(1, 5)]
    storage = {
        "disks": [{"device": "/dev/vdb", "partitions": [{"number": n} for n in range(1, 5)]}],
        "raid": [{"name": "r", "level": "raid1", "devices": names}],
        "luks": [{"name": "s", "device": "/dev/md/r", "clevis": {"tpm2": True}}],
        "filesystems": [{"device": "/dev/mapper/s", "format": "xfs"}],
    }
    assert size(storage) >= 4 * (320 + 32)


def test_disks_that_kernels_name_in_any_order_have_one_size() -> None:
    small, large = (
        {"device": "/dev/sda"},
        {"device": "/dev/sdb", "partitions": [{"number": 1, "sizeMiB": 4000}]},
    )
    first, second = drives_for({"disks": [small, large]}).drives
    assert first.size == second.size > 4000 * MIB


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("2G", DriveSpec(size=2 << 30)),
        ("512MiB", DriveSpec(size=512 * MIB)),
        ("1t", DriveSpec(size=1 << 40)),
        ("10GB,bus=nvme,serial=data", DriveSpec("nvme", "data", 10 << 30)),
        ("4M,serial=a_b-c", DriveSpec(serial="a_b-c", size=4 * MIB)),
    ],
)
def test_disks_of_the_command_line(text: str, spec: DriveSpec) -> None:
    assert parse_disk(text) == spec


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("", "size", "512M"),
        ("10", "unit", "512M"),
        ("0G", "1M to 8T", "512M"),
        ("9999999T", "1M to 8T", "512M"),
        ("-1G", "size", "512M"),
        ("1G,buss=scsi", "no 'buss'", "did you mean bus=?"),
        ("1G,bus=sata", "no bus 'sata'", "virtio"),
        ("1G,bus=nvm", "no bus 'nvm'", "did you mean nvme?"),
        ("1G,serial=", "serial number", "SIZE"),
        ("1G,serial=two words", "serial number", "SIZE"),
        ("1G,serial=" + "x" * 21, "serial number", "SIZE"),
        ("1G,", "no ''", "SIZE"),
    ],
)
def test_mistakes_in_disks(text: str, words: str, hint: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_disk(text)
    assert caught.value.code == "IGN8320"
    assert words in str(caught.value) and hint in caught.value.hint
