# SPDX-License-Identifier: Apache-2.0
"""Filesystems on real block devices."""

from __future__ import annotations

import os
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import (
    UUID,
    add_zfs_signature,
    filesystem,
    make,
    refuse,
    shell,
    tags,
)
from tests.machine.disks.tables import MIB, Part, fingerprint, make_table


def add_lvm_signature(device: str) -> None:
    """The label of an LVM2 physical volume, in the second sector."""
    text = (32).to_bytes(4, "little") + b"LVM2 001" + b"A" * 32
    body = text.ljust(512 - 20, b"\0")
    checksum = zlib.crc32(body, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
    with open(device, "r+b") as file:
        file.seek(512)
        file.write(b"LABELONE" + struct.pack("<QI", 1, checksum) + body)


def test_member_of_a_volume_group_is_refused(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    add_lvm_signature(disk)
    assert tags(disk)["TYPE"] == "LVM2_member"
    refuse(disk, "ext4")


KINDS = [
    pytest.param("ext4", UUID, "lab", id="ext4"),
    pytest.param("btrfs", UUID, "lab", id="btrfs"),
    pytest.param("xfs", UUID, "lab", id="xfs"),
    pytest.param("swap", UUID, "lab", id="swap"),
    pytest.param("vfat", "2E24-EC82", "LAB", id="vfat"),
]


@pytest.mark.parametrize("kind, uuid, label", KINDS)
def test_each_format_with_label_and_uuid(
    blank_disk: BlankDisk, kind: str, uuid: str, label: str
) -> None:
    disk = blank_disk(size_mib=320)
    shell("mkfs.ext4", "-q", "-L", "old", disk)
    make(disk, kind, label=label, uuid=uuid.upper(), wipeFilesystem=True)
    made = tags(disk)
    assert made == {"TYPE": kind, "UUID": uuid, "LABEL": label}
    assert os.path.realpath(f"/dev/disk/by-label/{label}") == disk
    # Again without permission to wipe: kept, whatever the case of the UUID in the config.
    for same in (uuid.lower(), uuid.upper(), uuid.lower().replace("-", "", kind == "vfat")):
        ran = make(disk, kind, label=label, uuid=same)
        assert ran.logged("is already correctly formatted")
        assert not ran.logged('executing: "wipefs"')
    make(disk, "none", wipeFilesystem=True)
    assert tags(disk) == {}


def test_files_survive_on_a_kept_filesystem(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=320)
    shell("mkfs.xfs", "-q", "-L", "data", "-m", f"uuid={UUID}", disk)
    os.makedirs("/run/machine/mnt", exist_ok=True)
    shell("mount", disk, "/run/machine/mnt")
    Path("/run/machine/mnt/file").write_text("here")
    shell("umount", "/run/machine/mnt")
    make(disk, "xfs", label="data", uuid=UUID)
    # Read-only, because the kernel would write to it asynchronously.
    shell("mount", "-o", "ro", disk, "/run/machine/mnt")
    assert Path("/run/machine/mnt/file").read_text() == "here"
    # A mounted filesystem may be kept but not overwritten.
    make(disk, "xfs", label="data")
    refuse(disk, "xfs", "IGN2402", wipeFilesystem=True)
    refuse(disk, "none", "IGN2402", wipeFilesystem=True)
    shell("umount", "/run/machine/mnt")
    make(disk, "xfs", label="data", wipeFilesystem=True)
    shell("mount", disk, "/run/machine/mnt")
    assert os.listdir("/run/machine/mnt") == []


def test_decision_depends_on_the_existing_filesystem(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make(disk, "none")
    make(disk, None)
    assert tags(disk) == {}
    make(disk, "none", label="ignored")
    shell("mkfs.ext4", "-q", "-L", "a", "-U", UUID, disk)
    make(disk, None)
    make(disk, "ext4")
    for entry in (
        {"kind": "vfat"},
        {"kind": "none"},
        {"kind": "ext4", "label": "b"},
        {"kind": "ext4", "label": ""},
        {"kind": "ext4", "uuid": UUID.replace("0", "1")},
    ):
        ran = refuse(disk, **entry)
        assert "ext4 labelled 'a'" in str(ran.failures[0])
        assert "wipeFilesystem" in ran.failures[0].hint
        assert str(ran.failures[0].origin).endswith("/storage/filesystems/0")
    assert tags(disk) == {"TYPE": "ext4", "UUID": UUID, "LABEL": "a"}


def test_options_come_before_the_fields_of_the_entry(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    ran = make(disk, "ext4", options=["-L", "option", "-m", "1"], label="field", uuid=UUID)
    assert tags(disk)["LABEL"] == "field"
    alias = f"/run/ignition/dev_aliases{disk}"
    assert ran.logged(
        f'executing: "mkfs.ext4" "-L" "option" "-m" "1" "-F" "-K" "-U" "{UUID}" "-L" "field" "{alias}"'
    )


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("mkfs.ext2", "-q"), id="ext2"),
        pytest.param(("mkswap", "-q"), id="swap"),
        pytest.param(
            (
                *("cryptsetup", "luksFormat", "--batch-mode", "--pbkdf=pbkdf2"),
                *("--pbkdf-force-iterations=1000", "--key-file=/proc/version"),
            ),
            id="crypto_LUKS",
        ),
        pytest.param(
            ("mdadm", "-q", "--create", "/dev/md/x", "--run", "--force", "-l1", "-n1"),
            id="linux_raid_member",
        ),
    ],
)
def test_other_signatures_are_refused(blank_disk: BlankDisk, command: tuple[str, ...]) -> None:
    disk = blank_disk(size_mib=64)
    shell(*command, disk)
    if command[0] == "mdadm":
        shell("mdadm", "-q", "--stop", "/dev/md/x")
    refuse(disk, "ext4")


def test_several_signatures(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=320)
    shell("mkfs.ext4", "-q", "-L", "a", "-U", UUID, disk)
    add_zfs_signature(disk)
    ran = make(disk, "ext4", label="a", uuid=UUID)
    assert ran.logged("ext4, zfs_member): using ext4")
    make(disk, "xfs", wipeFilesystem=True, options=["-K"])
    assert tags(disk)["TYPE"] == "xfs"


def test_links_exist_after_four_concurrent_mkfs(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=520)
    make_table(disk, [Part(n, (1 + 128 * (n - 1)) * MIB, 128 * MIB) for n in (1, 2, 3, 4)])
    succeed(
        "disks",
        {
            "filesystems": [
                filesystem(f"{disk}p{n}", kind, label=f"L{n}")
                for n, kind in enumerate(("ext4", "btrfs", "vfat", "ext4"), 1)
            ]
        },
    )
    for n in (1, 2, 3, 4):
        assert os.path.realpath(f"/dev/disk/by-label/L{n}") == f"{disk}p{n}"


def test_all_refused_filesystems_are_reported_and_none_is_created(blank_disk: BlankDisk) -> None:
    """Ignition creates the valid one first."""
    disk = blank_disk(size_mib=64)
    make_table(disk, [Part(n, (1 + 16 * (n - 1)) * MIB, 16 * MIB) for n in (1, 2, 3)])
    for n in (2, 3):
        shell("mkfs.vfat", f"{disk}p{n}")
    ran = run("disks", {"filesystems": [filesystem(f"{disk}p{n}", "ext4") for n in (1, 2, 3)]})
    assert ran.codes == ["IGN2401", "IGN2401"]
    assert [str(one.origin)[-1] for one in ran.failures] == ["1", "2"]
    assert tags(f"{disk}p1") == {}


def test_filesystem_on_a_partition_of_the_same_run(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=128)
    storage = {
        "disks": [
            {
                "device": disk,
                "partitions": [
                    {"number": 1, "sizeMiB": 32, "label": "by number"},
                    {"number": 2, "sizeMiB": 32, "label": "by-name"},
                ],
            }
        ],
        "filesystems": [
            filesystem(f"{disk}p1", "ext4"),
            filesystem("/dev/disk/by-partlabel/by-name", "vfat"),
        ],
    }
    ran = succeed("disks", storage)
    assert ran.summary == [
        f"partition {disk}: create 2",
        f"make ext4 on {disk}p1",
        "make vfat on /dev/disk/by-partlabel/by-name",
    ]
    first = tags(f"{disk}p1"), tags(f"{disk}p2")
    assert [one["TYPE"] for one in first] == ["ext4", "vfat"]
    again = succeed("disks", storage)
    assert (tags(f"{disk}p1"), tags(f"{disk}p2")) == first
    assert again.summary[1:] == [
        f"keep ext4 on {disk}p1",
        "keep vfat on /dev/disk/by-partlabel/by-name",
    ]


def test_filesystem_on_a_kept_partition_is_refused_before_the_disk_changes(
    blank_disk: BlankDisk,
) -> None:
    disk = blank_disk(size_mib=128)
    make_table(disk, [Part(1, MIB, 32 * MIB, "one")])
    shell("mkfs.vfat", f"{disk}p1")
    before = fingerprint(disk)
    ran = run(
        "disks",
        {
            "disks": [
                {"device": disk, "partitions": [{"number": 1, "label": "one"}, {"number": 2}]}
            ],
            "filesystems": [filesystem(f"{disk}p1", "ext4")],
        },
    )
    assert ran.codes == ["IGN2401"]
    assert fingerprint(disk) == before


def test_stale_filesystem_on_a_new_partition_is_refused(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=128)
    make_table(disk, [Part(1, MIB, 32 * MIB)])
    shell("mkfs.vfat", f"{disk}p1")
    make_table(disk, [])
    storage = {
        "disks": [{"device": disk, "partitions": [{"number": 1, "sizeMiB": 32}]}],
        "filesystems": [filesystem(f"{disk}p1", "ext4")],
    }
    assert run("disks", storage).codes == ["IGN2401"]
    storage["filesystems"] = [filesystem(f"{disk}p1", "ext4", wipeFilesystem=True)]
    succeed("disks", storage)
    assert tags(f"{disk}p1")["TYPE"] == "ext4"


def test_table_on_the_disk_is_overwritten_with_a_warning(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, [Part(1, MIB, 32 * MIB)])
    ran = make(disk, "ext4")
    assert ran.logged("holds a partition table (gpt), which will be overwritten")
    assert tags(disk)["TYPE"] == "ext4"


def test_disk_with_a_mounted_partition_is_not_overwritten(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, [Part(1, MIB, 32 * MIB)])
    shell("mkfs.ext4", "-q", f"{disk}p1")
    os.makedirs("/run/machine/mnt", exist_ok=True)
    # Read-only, because the kernel would write to it asynchronously.
    shell("mount", "-o", "ro", f"{disk}p1", "/run/machine/mnt")
    refuse(disk, "ext4", "IGN2402")
    refuse(f"{disk}p1", "ext4", "IGN2402", wipeFilesystem=True)


def test_virtiofs_needs_no_device() -> None:
    ran = succeed("disks", {"filesystems": [filesystem("tag", "virtiofs", path="/share")]})
    assert ran.summary == []


def test_missing_device_is_waited_for_and_reported() -> None:
    ran = run(
        "disks", {"filesystems": [filesystem("/dev/disk/by-label/none", None)]}, wait_device=1
    )
    assert ran.codes == ["IGN2001"]


def test_device_that_appears_later_is_waited_for(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    shell("mkfs.ext4", "-q", disk)
    command = f"sleep 2; e2label {disk} late; udevadm trigger --settle {disk}"
    with subprocess.Popen(["sh", "-c", command]):
        make("/dev/disk/by-label/late", "ext4")


def test_mkfs_error_is_reported(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    ran = run("disks", {"filesystems": [filesystem(disk, "xfs", options=["--nonsense"])]})
    assert ran.codes == ["IGN7002"]
    assert "nonsense" in str(ran.failures[0])
