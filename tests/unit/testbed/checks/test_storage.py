# SPDX-License-Identifier: Apache-2.0
"""Disks, filesystems, mounts, arrays and LUKS volumes against the guest's devices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ignition.testbed.checks.disks import MIB
from ignition.testbed.expectations.model import (
    Array,
    Disk,
    Expectation,
    Filesystem,
    Luks,
    Mount,
    Partition,
)
from ignition.testbed.facts import Device, LuksHeader
from ignition.testbed.pictures import disk_views
from ignition.testbed.report import Report
from ignition.testbed.results import DiskView, PartitionView
from tests.support.judging import HERE, NOT_DECIDED, PASSED, checks_of, failed, statuses

LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
GUID = "5569c15d-0e6a-4a08-b00d-e8bb9efd43ec"
LUKS_UUID = "c91ebd73-6012-4786-a9b3-018f900ef882"


def part(number: int, start: int, size: int, label: str, **facts: str) -> Device:
    """A partition of /dev/vdb; start and size in MiB."""
    return Device(
        f"/dev/vdb{number}",
        links=(f"/dev/disk/by-partlabel/{label}",),
        kind="partition",
        parent="/dev/vdb",
        size=size * MIB,
        start=start * MIB,
        number=number,
        facts={
            "ID_PART_ENTRY_NAME": label,
            "ID_PART_ENTRY_TYPE": LINUX,
            "ID_PART_ENTRY_UUID": GUID,
            **facts,
        },
    )


DEVICES = (
    Device("/dev/vda", size=2048 * MIB, facts={"ID_FS_TYPE": "ext4", "ID_FS_LABEL": "root"}),
    Device(
        "/dev/vdb",
        links=("/dev/disk/by-id/virtio-data",),
        size=256 * MIB,
        facts={"ID_PART_TABLE_TYPE": "gpt"},
    ),
    part(1, 1, 64, "data", ID_FS_TYPE="xfs", ID_FS_LABEL="DATA", ID_FS_UUID=LUKS_UUID),
    part(2, 65, 32, "esp", ID_FS_TYPE="vfat", ID_FS_LABEL="EFI-SYSTEM", ID_FS_UUID="ABCD-1234"),
    part(3, 128, 127, "crypt", ID_FS_TYPE="crypto_LUKS", ID_FS_LABEL="c", ID_FS_UUID=LUKS_UUID),
    Device("/dev/dm-0", size=100 * MIB, mapping="secret", backing=("/dev/vdb3",)),
    Device("/dev/vdc", size=64 * MIB, facts={"ID_FS_TYPE": "linux_raid_member"}),
    Device("/dev/vdd", size=64 * MIB, facts={"ID_FS_TYPE": "linux_raid_member"}),
    Device("/dev/vde", size=64 * MIB, facts={"ID_FS_TYPE": "linux_raid_member"}),
    Device(
        "/dev/md127",
        links=("/dev/md/pool",),
        size=63 * MIB,
        facts={"MD_NAME": "any:pool", "MD_LEVEL": "raid1", "ID_FS_TYPE": "ext4"},
        members=("/dev/vdc", "/dev/vdd"),
        spares=("/dev/vde",),
        backing=("/dev/vdc", "/dev/vdd", "/dev/vde"),
        level="raid1",
    ),
    Device("/dev/vdf"),
)
REPORT = Report(
    state="running",
    devices=DEVICES,
    luks={"/dev/vdb3": LuksHeader("/dev/vdb3", ("sss", "tang", "tpm2"))},
    mounts=[
        {"target": "/", "source": "/dev/vda", "fstype": "ext4", "options": "rw,relatime"},
        {"target": "/var", "source": "tmpfs", "fstype": "tmpfs", "options": "ro"},
        {
            "target": "/var",
            "source": "/dev/vdb1[/sub]",
            "fstype": "xfs",
            "options": "rw,nosuid,noatime,size=65536k,mode=755,subvol=/sub",
        },
        {"target": "/srv", "source": "/dev/mapper/secret", "fstype": "xfs", "options": "ro"},
    ],
)


def disk(*partitions: Partition, device: str = "/dev/vdb", **wanted: Any) -> Disk:
    return Disk(place=HERE, device=device, partitions=partitions, **wanted)


def partition(**wanted: Any) -> Partition:
    return Partition(place=HERE, **wanted)


def filesystem(device: str, **wanted: Any) -> Filesystem:
    return Filesystem(place=HERE, device=device, **wanted)


def mount(path: str, *options: str, **wanted: Any) -> Mount:
    return Mount(place=HERE, path=path, options=options, **wanted)


def array(**wanted: Any) -> Array:
    return Array(place=HERE, **{"name": "pool", **wanted})


def luks(**wanted: Any) -> Luks:
    return Luks(place=HERE, **{"name": "secret", **wanted})


TRUE: list[Expectation] = [
    disk(table="gpt"),
    disk(device="/dev/disk/by-id/virtio-data", table="gpt"),
    disk(device="/dev/vda", table="none"),
    disk(partition(number=1, label="data", size_mib=64, start_mib=1, guid=GUID.upper())),
    disk(partition(label="esp", type_guid=LINUX.upper())),
    disk(partition(number=3, size_mib=0, start_mib=0)),
    disk(partition(number=9, exists=False), partition(label="gone", exists=False)),
    filesystem("/dev/vdb1", format="xfs", label="DATA", uuid=LUKS_UUID.upper()),
    filesystem("/dev/disk/by-partlabel/data", format="xfs"),
    filesystem("PARTLABEL=esp", format="vfat", label="efi-system", uuid="abcd1234"),
    filesystem("/dev/disk/by-label/DATA", format="xfs"),
    filesystem("/dev/md/pool", format="ext4"),
    mount("/", "rw", "defaults", "relatime", "suid,exec", type="ext4", device="LABEL=root"),
    mount("/var/", "noatime", "nosuid", "size=64M", "mode=0755", "subvol=sub", type="xfs"),
    mount("/var", device="/dev/disk/by-partlabel/data"),
    mount("/srv", "ro", device="/dev/mapper/secret"),
    mount("/srv", device="/dev/dm-0"),
    mount("/mnt", exists=False),
    array(level="raid1", devices=("/dev/vdc", "/dev/vde"), spares=1),
    array(name="/dev/md/pool", level="mirror"),
    luks(open=True, device="/dev/disk/by-partlabel/crypt", label="c", uuid=LUKS_UUID),
    luks(pins=("tang", "tpm2")),
    luks(name="closed", open=False, device="/dev/vdb3"),
]
FALSE: list[tuple[Expectation, str, str, str]] = [
    (disk(table="dos"), "table", "dos", "gpt"),
    (
        disk(device="/dev/vdz"),
        "exists",
        "present",
        "no such device; the disks are /dev/vda, /dev/vdb, /dev/vdc, /dev/vdd, /dev/vde",
    ),
    (disk(partition(number=9)), "exists", "present", "absent; there are 1 data, 2 esp, 3 crypt"),
    (disk(partition(number=1, exists=False)), "exists", "absent", "present"),
    (disk(partition(number=1, label="date")), "label", "date", "data"),
    (disk(partition(number=1, label="DATA")), "label", "DATA", "data"),
    (disk(partition(number=1, size_mib=65)), "size", "65 MiB", "64 MiB"),
    (
        disk(partition(number=2, size_mib=0)),
        "size",
        "the rest of the space",
        "32 MiB, 31 MiB free after it",
    ),
    (disk(partition(number=2, start_mib=1)), "start", "1 MiB", "65 MiB"),
    (disk(partition(number=1, type_guid=GUID)), "type", GUID, LINUX),
    (disk(partition(number=1, guid=LINUX)), "guid", LINUX, GUID),
    (filesystem("/dev/vdb1", format="ext4"), "format", "ext4", "xfs"),
    (filesystem("/dev/vdb", format="ext4"), "format", "ext4", "none"),
    (filesystem("/dev/vdb1", label="data"), "label", "data", "DATA"),
    (filesystem("/dev/vdb1", uuid=GUID), "uuid", GUID, LUKS_UUID),
    (mount("/mnt"), "exists", "mounted", "not mounted"),
    (mount("/", exists=False), "exists", "not mounted", "mounted"),
    (mount("/", type="xfs"), "type", "xfs", "ext4"),
    (mount("/", device="/dev/vdb1"), "device", "/dev/vdb1", "/dev/vda"),
    (mount("/", "ro"), "options", "ro", "rw,relatime"),
    (mount("/", "atime", "noexec"), "options", "noexec", "rw,relatime"),
    (mount("/srv", "rw"), "options", "rw", "ro"),
    (array(name="pond"), "exists", "present", "the arrays are pool"),
    (array(level="raid5"), "level", "raid5", "raid1"),
    (
        array(devices=("/dev/vdb1",)),
        "devices",
        "/dev/vdb1",
        "the members are /dev/vdc, /dev/vdd, /dev/vde",
    ),
    (array(spares=0), "spares", "0", "1"),
    (luks(name="other", device="/dev/vdb3", open=True), "open", "open", "closed"),
    (luks(open=False), "open", "closed", "open"),
    (luks(device="/dev/vdb1"), "exists", "LUKS", "xfs on /dev/vdb1"),
    (luks(name="other"), "exists", "present", "no such LUKS device"),
    (luks(label="d"), "label", "d", "c"),
    (luks(pins=("tang", "null")), "bindings", "tang, null", "sss, tang, tpm2"),
]


@pytest.mark.parametrize("item", TRUE, ids=str)
def test_what_is_so_passes(item: Expectation) -> None:
    assert set(statuses(item, REPORT).values()) == {PASSED}


@pytest.mark.parametrize(("item", "prop", "expected", "found"), FALSE, ids=str)
def test_what_is_not_so_fails(item: Expectation, prop: str, expected: str, found: str) -> None:
    check = failed(item, REPORT)
    assert (check.prop, check.expected, check.found) == (prop, expected, found)


@pytest.mark.parametrize("item", [*TRUE, *(row[0] for row in FALSE)], ids=str)
def test_a_machine_that_told_nothing_of_this_decides_nothing(item: Expectation) -> None:
    assert set(statuses(item, Report(state="running")).values()) == {NOT_DECIDED}


def test_bindings_that_no_tool_could_read_are_not_decided() -> None:
    report = replace(REPORT, luks={"/dev/vdb3": LuksHeader("/dev/vdb3", None)})
    assert statuses(luks(pins=("tang",)), report) == {"exists": PASSED, "bindings": NOT_DECIDED}


def test_options_for_systemd_are_not_decided() -> None:
    checks = checks_of(mount("/", "nofail", "x-systemd.growfs"), REPORT)
    assert [check.status for check in checks] == [PASSED, NOT_DECIDED, NOT_DECIDED]


def test_devices_of_mounts_need_the_devices() -> None:
    report = replace(REPORT, devices=None)
    assert statuses(mount("/", device="LABEL=root"), report)["device"] is NOT_DECIDED
    assert statuses(mount("/", device="/dev/vda"), report)["device"] is PASSED


def test_disks_as_pictures() -> None:
    vda, vdb, vdc, *_ = disk_views(REPORT)
    assert vda == DiskView("/dev/vda", 2048 * MIB, "ext4")
    assert vdc == DiskView("/dev/vdc", 64 * MIB, "raid1 pool")
    assert vdb.partitions == (
        PartitionView(1, MIB, 64 * MIB, "data", "xfs", "/var"),
        PartitionView(2, 65 * MIB, 32 * MIB, "esp", "vfat", ""),
        PartitionView(3, 128 * MIB, 127 * MIB, "crypt", "LUKS secret", "/srv"),
    )
    assert disk_views(Report()) == ()
