# SPDX-License-Identifier: Apache-2.0
"""Less usual partitions. sgdisk, sfdisk and blkid read the tables back, which the engine writes itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import shell, tags
from tests.machine.disks.partitioning import disk_config, partition, refuse
from tests.machine.disks.tables import (
    BASE,
    ESP,
    LINUX,
    MIB,
    Part,
    fingerprint,
    kernel,
    make_table,
    places,
    read_table,
    wait_until,
)

WIPE = {"wipePartitionEntry": True}


def check_with_other_tools(disk: str) -> None:
    """sgdisk finds no fault in the table, and blkid shows each partition as sfdisk does."""
    assert "No problems found" in shell("sgdisk", "--verify", disk)
    for part in read_table(disk):
        probed = shell("blkid", "--probe", "--output", "export", f"{disk}p{part.number}")
        pairs = dict(line.split("=", 1) for line in probed.splitlines())
        assert pairs["PART_ENTRY_UUID"].upper() == part.guid
        assert pairs["PART_ENTRY_TYPE"].upper() == part.type
        assert pairs.get("PART_ENTRY_NAME", "") == part.label


def test_partition_fills_an_empty_disk(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    partition(disk, {"number": 1, "startMiB": 0, "sizeMiB": 0, "label": "all"})
    shown = shell("sgdisk", "--info=1", disk)
    assert "First sector: 2048 " in shown
    assert f"Last sector: {64 * MIB - 34} " in shown
    check_with_other_tools(disk)


def test_wrong_partitions_are_all_replaced(blank_disk: BlankDisk) -> None:
    """One has the wrong type, one the wrong GUID, one the wrong size and label."""
    disk = blank_disk(size_mib=512)
    make_table(disk, BASE)
    other = "ABCDEF01-2345-4678-9ABC-DEF012345678"
    wanted = [
        {"number": 1, "startMiB": 2, "sizeMiB": 128, "typeGuid": LINUX, "label": "EFI-SYSTEM"},
        {"number": 6, "startMiB": 130, "sizeMiB": 128, "guid": other, "label": "OEM"},
        {"number": 9, "startMiB": 258, "sizeMiB": 64, "label": "other"},
    ]
    partition(disk, *({**entry, **WIPE} for entry in wanted))
    found = {part.number: part for part in read_table(disk)}
    assert found[1].type == LINUX
    assert found[6].guid == other
    assert (found[9].label, found[9].size) == ("other", 64 * MIB)
    assert not {found[1].guid, found[6].guid, found[9].guid} & {part.guid for part in BASE}
    check_with_other_tools(disk)
    before = fingerprint(disk)
    partition(disk, *wanted)
    assert fingerprint(disk) == before


def test_matching_partitions_without_permission(blank_disk: BlankDisk) -> None:
    """Described completely, with GUIDs in lower case or empty, with resize: nothing is written."""
    disk = blank_disk(size_mib=512)
    make_table(disk, BASE)
    before = fingerprint(disk)
    partition(
        disk,
        *(
            {
                "number": part.number,
                "label": part.label,
                "startMiB": part.start // MIB,
                "sizeMiB": part.size // MIB,
                "typeGuid": part.type if part.number == 1 else "",
                "guid": part.guid.lower() if part.number == 6 else "",
                "resize": part.number == 9,
            }
            for part in BASE
        ),
    )
    assert fingerprint(disk) == before


def test_two_disks_with_everything_at_once(blank_disk: BlankDisk) -> None:
    first, second = blank_disk(size_mib=128), blank_disk(size_mib=512)
    make_table(first, [Part(n, (1 + 10 * (n - 1)) * MIB, 10 * MIB, f"p{n}") for n in (1, 2, 5)])
    make_table(second, BASE)
    kept = read_table(first)[2]
    ran = succeed(
        "disks",
        {
            "disks": [
                {
                    "device": first,
                    "partitions": [
                        {"label": "a", "sizeMiB": 20, **WIPE},
                        {"number": 1, "label": "p1"},
                        {"number": 2, "shouldExist": False, **WIPE},
                        {"label": "b", "sizeMiB": 20, **WIPE},
                    ],
                },
                {
                    "device": second,
                    "partitions": [
                        {"number": 9, "label": "ROOT", "sizeMiB": 64, "resize": True},
                        {"number": 6, "shouldExist": False, **WIPE},
                        {"number": 1, "label": "", "startMiB": 2, "sizeMiB": 128, **WIPE},
                        {"label": "rest", "sizeMiB": 0},
                    ],
                },
            ]
        },
    )
    assert len(ran.logged("[started]  partitioning")) == 2
    found = {part.number: part for part in read_table(first)}
    assert sorted(found) == [1, 2, 3, 5]
    assert (found[2].label, found[3].label, found[5]) == ("a", "b", kept)
    found = {part.number: part for part in read_table(second)}
    assert sorted(found) == [1, 2, 9]
    assert (found[1].label, found[2].label, found[9].guid) == ("", "rest", BASE[2].guid)
    assert found[9].size == 64 * MIB
    for disk in (first, second):
        assert kernel(disk) == places(disk)
        check_with_other_tools(disk)


def test_unnumbered_entries_on_a_full_disk(blank_disk: BlankDisk) -> None:
    """A run of another config does not recognise the partitions, as in Ignition."""
    disk = blank_disk(size_mib=64)
    wanted = [{"label": name, "sizeMiB": 16} for name in "abc"]
    partition(disk, *wanted)
    refuse(disk, *wanted, {"number": 9, "shouldExist": False}, code="IGN2103")


def test_replaced_partition_may_lose_its_name_and_guid(blank_disk: BlankDisk) -> None:
    """With wipePartitionEntry, nothing is taken over, resize or not."""
    disk = blank_disk(size_mib=512)
    make_table(disk, BASE)
    same = {"startMiB": 258, "sizeMiB": 128}
    refuse(disk, {"number": 9, "label": "", **same}, code="IGN2104")
    partition(disk, {"number": 9, "label": "", **same, **WIPE})
    replaced = read_table(disk)[2]
    assert replaced.label == ""
    assert replaced.guid != BASE[2].guid
    partition(disk, {"number": 1, "startMiB": 2, "sizeMiB": 64, "resize": True, **WIPE})
    replaced = read_table(disk)[0]
    assert replaced.size == 64 * MIB
    assert replaced.type == LINUX
    assert replaced.guid != BASE[0].guid


@pytest.mark.parametrize("wipes", [False, True], ids=["table kept", "table wiped"])
def test_entry_that_fails_keeps_the_others_from_being_written(
    blank_disk: BlankDisk, wipes: bool
) -> None:
    disk = blank_disk(size_mib=512)
    make_table(disk, BASE)
    entries: list[dict[str, Any]] = [
        {"number": 1, "startMiB": 2, "sizeMiB": 100, **WIPE},
        {"number": 6, "startMiB": 130, "sizeMiB": 100, **WIPE},
        {"number": 9, "startMiB": 258, "sizeMiB": 400, **WIPE},
        {"number": 10, "sizeMiB": 1},
        {"number": 11, "shouldExist": False},
    ]
    ran = refuse(disk, *entries, code="IGN2103", wipeTable=wipes)
    assert str(ran.failures[0].origin).endswith("/storage/disks/0/partitions/2")


def test_sectors_of_4096_bytes_with_every_change(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=256, sector_size=4096)

    def apply(*entries: dict[str, Any], **more: Any) -> dict[int, tuple[int, int]]:
        succeed("disks", disk_config(disk, *entries, **more))
        table = places(disk)
        assert kernel(disk) == {n: (start * 8, size * 8) for n, (start, size) in table.items()}
        check_with_other_tools(disk)
        return table

    one = {"number": 1, "startMiB": 1, "sizeMiB": 32, "label": "one", "typeGuid": ESP}
    assert apply(one, {"label": "two", "sizeMiB": 32}) == {1: (256, 8192), 2: (8448, 8192)}
    before = fingerprint(disk)
    apply(one, {"number": 2, "startMiB": 33, "sizeMiB": 32})
    assert fingerprint(disk) == before
    refuse(disk, {"number": 2, "sizeMiB": 33}, code="IGN2104")
    assert apply({"number": 2, "sizeMiB": 64, "resize": True})[2] == (8448, 16384)
    assert apply({"number": 2, "sizeMiB": 16, "resize": True})[2] == (8448, 4096)
    filled = apply({"number": 2, "shouldExist": False, **WIPE}, {"label": "rest", "sizeMiB": 0})
    # 4 sectors of entries and the header are at the end.
    assert filled == {1: (256, 8192), 2: (8448, 256 * 256 - 5 - 8448)}
    assert apply({"number": 7, "sizeMiB": 0}, wipeTable=True) == {7: (256, 256 * 256 - 5 - 256)}


def test_grown_disk(blank_disk: BlankDisk) -> None:
    """As in Ignition, the space behind the old end counts from the next write of the table on."""
    disk = blank_disk(size_mib=64)
    fill = {"number": 1, "label": "all", "startMiB": 1, "sizeMiB": 0}
    partition(disk, fill)
    image = Path("/sys/block", Path(disk).name, "loop/backing_file").read_text().strip()
    os.truncate(image, 128 << 20)
    shell("losetup", "--set-capacity", disk)
    shell("udevadm", "trigger", "--settle", disk)
    before = fingerprint(disk)
    for more in ({}, {"resize": True}, WIPE):
        partition(disk, {**fill, **more})
        assert fingerprint(disk) == before
    refuse(disk, {**fill, "sizeMiB": 100, "resize": True}, code="IGN2103")
    partition(disk, {"number": 1, "label": "all", "sizeMiB": 32, "resize": True})
    check_with_other_tools(disk)
    partition(disk, {"number": 1, "label": "all", "sizeMiB": 0, "resize": True})
    assert f"Last sector: {128 * MIB - 34} " in shell("sgdisk", "--info=1", disk)


def test_mount_whose_source_cannot_be_resolved(blank_disk: BlankDisk) -> None:
    """Such as that of a network filesystem. Ignition stops."""
    disk = blank_disk(size_mib=64)
    make_table(disk, [Part(1, MIB, 10 * MIB, "one")])
    Path("/run/machine/mnt").mkdir(exist_ok=True)
    shell("mount", "-t", "tmpfs", "//server/share", "/run/machine/mnt")
    try:
        partition(disk, {"number": 1, "label": "one"}, {"number": 2, "sizeMiB": 10})
    finally:
        shell("umount", "/run/machine/mnt")


def test_partition_open_as_a_volume_is_refused(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, [Part(1, MIB, 32 * MIB, "one")])
    key = ("--key-file=/proc/version", "--batch-mode")
    fast = ("--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000")
    shell("cryptsetup", "luksFormat", *key, *fast, f"{disk}p1")
    shell("cryptsetup", "luksOpen", *key, f"{disk}p1", "held")
    for entry in (
        {"number": 1, "sizeMiB": 40, "resize": True},
        {"number": 1, "label": "x", **WIPE},
        {"number": 1, "shouldExist": False, **WIPE},
    ):
        assert "is built on it" in refuse(disk, entry, code="IGN2107").text()
    refuse(disk, code="IGN2106", wipeTable=True)
    partition(disk, {"number": 1, "label": "one"}, {"number": 2, "sizeMiB": 8})


LINK = "/dev/disk/by-id/flapping"


def test_link_that_udev_removes_meanwhile(blank_disk: BlankDisk) -> None:
    """Links come and go while udev handles the events of the disk; the device is still the same."""
    disk = blank_disk(size_mib=128)
    os.makedirs(os.path.dirname(LINK), exist_ok=True)
    script = f"while :; do ln -sfn {disk} {LINK}; sleep 0.2; rm {LINK}; sleep 0.1; done"
    with subprocess.Popen(["sh", "-c", script]) as flapping:
        try:
            wait_until(lambda: os.path.exists(LINK))
            for size in (16, 32, 48, 64):
                storage = disk_config(LINK, {"number": 1, "sizeMiB": size}, wipeTable=True)
                succeed("disks", storage)
                assert places(disk) == {1: (MIB, size * MIB)}
            for kind in ("ext4", "vfat", "swap", "ext4"):
                entry = {"device": LINK, "format": kind, "wipeFilesystem": True}
                succeed("disks", {"filesystems": [entry]})
                assert tags(disk)["TYPE"] == kind
        finally:
            flapping.kill()
    Path(LINK).unlink(missing_ok=True)


def test_missing_disk_beside_a_good_one_changes_nothing(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    before = fingerprint(disk)
    entry = {"number": 1, "sizeMiB": 8}
    storage = {"disks": [{"device": name, "partitions": [entry]} for name in (disk, "/dev/vdz")]}
    ran = run("disks", storage, wait_device=1)
    assert ran.codes == ["IGN2001"]
    assert "/dev/vdz" in str(ran.failures[0])
    assert fingerprint(disk) == before
