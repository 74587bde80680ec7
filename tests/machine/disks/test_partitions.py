# SPDX-License-Identifier: Apache-2.0
"""Partitions on real block devices: the resulting table and the kernel's view of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ignition.system import gpt
from tests.machine.blockdevices import BlankDisk, new_loop_disk, remove_disk
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.partitioning import Entry, disk_config, partition, refuse
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
)


@pytest.fixture
def base_disk(blank_disk: BlankDisk) -> str:
    """The disk of most cases: partitions 1, 6 and 9, with free space behind them."""
    disk: str = blank_disk(size_mib=512)
    make_table(disk, BASE)
    return disk


def test_disk_without_partitions_is_left_alone(base_disk: str) -> None:
    before = fingerprint(base_disk)
    partition(base_disk)
    assert fingerprint(base_disk) == before


def test_deleting_a_missing_partition_changes_nothing(
    base_disk: str, blank_disk: BlankDisk
) -> None:
    empty = blank_disk(size_mib=64)
    before = fingerprint(base_disk), fingerprint(empty)
    succeed(
        "disks",
        {
            "disks": [
                {
                    "device": base_disk,
                    "partitions": [{"number": n, "shouldExist": False} for n in (10, 11, 999)],
                },
                {
                    "device": empty,
                    "partitions": [{"number": n, "shouldExist": False} for n in (1, 11, 999)],
                },
            ]
        },
    )
    assert (fingerprint(base_disk), fingerprint(empty)) == before


@pytest.mark.parametrize("start", [{}, {"startMiB": 0}, {"startMiB": 1}])
def test_first_partition_of_an_empty_disk(blank_disk: BlankDisk, start: Entry) -> None:
    disk = blank_disk(size_mib=64)
    guid = "ABCDEF01-2345-4678-9ABC-DEF012345678"
    partition(
        disk, {"number": 1, "sizeMiB": 32, "label": "x", "typeGuid": ESP, "guid": guid, **start}
    )
    assert read_table(disk) == [Part(1, MIB, 32 * MIB, "x", ESP, guid)]
    assert os.path.realpath("/dev/disk/by-partlabel/x") == f"{disk}p1"


def test_wiped_table_contains_only_new_partitions(base_disk: str) -> None:
    partition(
        base_disk,
        {"number": 1, "sizeMiB": 16},
        {"number": 2, "sizeMiB": 16},
        wipeTable=True,
    )
    found = read_table(base_disk)
    assert [(one.number, one.start, one.size) for one in found] == [
        (1, MIB, 16 * MIB),
        (2, 17 * MIB, 16 * MIB),
    ]
    assert not {one.guid for one in found} & {one.guid for one in BASE}


def test_new_partitions_are_added_after_existing_ones(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=128)
    two = [Part(1, MIB, 16 * MIB, "a"), Part(2, 17 * MIB, 16 * MIB, "b")]
    make_table(disk, two)
    before = read_table(disk)
    partition(disk, {"number": 3, "sizeMiB": 16}, {"number": 4, "sizeMiB": 0})
    assert read_table(disk)[:2] == before
    # The last usable sector is the 34th from the end.
    assert places(disk)[3] == (33 * MIB, 16 * MIB)
    assert places(disk)[4] == (49 * MIB, 128 * MIB - 34 - 49 * MIB + 1)


def test_wiped_entry_grows_in_place(base_disk: str) -> None:
    partition(
        base_disk,
        {
            "number": 9,
            "label": "ROOT",
            "sizeMiB": 200,
            "typeGuid": LINUX,
            "guid": BASE[2].guid,
            "startMiB": 258,
            "wipePartitionEntry": True,
        },
    )
    assert read_table(base_disk) == [*BASE[:2], BASE[2]._replace(size=200 * MIB)]


def test_resize_keeps_everything_but_the_size(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=512)
    make_table(disk, [*BASE[:2], BASE[2]._replace(attributes="LegacyBIOSBootable GUID:50,60")])
    with open(f"{disk}p9", "r+b") as file:
        file.write(b"contents")
    partition(disk, {"number": 9, "label": "ROOT", "sizeMiB": 200, "resize": True})
    kept = BASE[2]._replace(size=200 * MIB, attributes="LegacyBIOSBootable GUID:50,60")
    assert read_table(disk) == [*BASE[:2], kept]
    with open(f"{disk}p9", "rb") as file:
        assert file.read(8) == b"contents"
    partition(disk, {"number": 9, "label": "ROOT", "sizeMiB": 100, "resize": True})
    assert places(disk)[9] == (258 * MIB, 100 * MIB)
    before = fingerprint(disk)
    partition(disk, {"number": 9, "label": "ROOT", "resize": True})
    assert fingerprint(disk) == before


def test_wiped_entry_fills_the_disk_and_then_matches(base_disk: str) -> None:
    fill = {"number": 9, "label": "ROOT", "startMiB": 0, "sizeMiB": 0}
    partition(base_disk, {**fill, "wipePartitionEntry": True})
    assert places(base_disk)[9] == (258 * MIB, 512 * MIB - 34 - 258 * MIB + 1)
    before = fingerprint(base_disk)
    partition(base_disk, fill)
    assert fingerprint(base_disk) == before


def test_matching_without_start_and_size_is_not_grown(base_disk: str) -> None:
    before = fingerprint(base_disk)
    partition(base_disk, {"number": 9, "label": "ROOT", "typeGuid": LINUX.lower()})
    assert fingerprint(base_disk) == before


def test_unnumbered_entry_gets_the_lowest_free_number(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=128)
    make_table(disk, [Part(1, MIB, 16 * MIB, "one")])
    partition(disk, {"label": "new", "sizeMiB": 32}, {"number": 1, "label": "one"})
    assert places(disk) == {1: (MIB, 16 * MIB), 2: (17 * MIB, 32 * MIB)}


def test_three_unnumbered_entries_are_numbered_in_order(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=256)
    wanted = [{"label": name, "sizeMiB": 32} for name in "abc"]
    partition(disk, *wanted)
    assert [(one.number, one.label) for one in read_table(disk)] == [(1, "a"), (2, "b"), (3, "c")]
    assert list(places(disk).values()) == [(at * MIB, 32 * MIB) for at in (1, 33, 65)]
    before = fingerprint(disk)
    partition(disk, *wanted)
    assert fingerprint(disk) == before, "the same config, as after an interrupted boot"
    # Another config does not recognise them; Ignition never does.
    partition(disk, {"label": "c", "sizeMiB": 32})
    assert len(places(disk)) == 4


def test_deleted_partitions_are_gone(base_disk: str) -> None:
    partition(base_disk, {"number": 6, "shouldExist": False, "wipePartitionEntry": True})
    assert list(places(base_disk)) == [1, 9]
    assert not os.path.exists(f"{base_disk}p6")
    rest = [{"number": n, "shouldExist": False, "wipePartitionEntry": True} for n in (1, 9)]
    partition(base_disk, *rest)
    assert read_table(base_disk) == []


def test_all_kinds_of_changes_in_one_write(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=128)
    make_table(disk, [Part(n, (1 + 10 * (n - 1)) * MIB, 10 * MIB, f"p{n}") for n in (1, 2, 3)])
    ran = partition(
        disk,
        {"number": 1, "label": "p1", "startMiB": 1, "sizeMiB": 10},
        {"number": 2, "sizeMiB": 40, "wipePartitionEntry": True, "startMiB": 31},
        {"number": 3, "shouldExist": False, "wipePartitionEntry": True},
        {"number": 4, "sizeMiB": 5, "label": "four"},
    )
    assert places(disk) == {1: (MIB, 10 * MIB), 2: (31 * MIB, 40 * MIB), 4: (71 * MIB, 5 * MIB)}
    assert len(ran.logged("[started]  partitioning")) == 1


def test_partition_moves_over_a_deleted_one(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=128)
    make_table(
        disk, [Part(1, MIB, 20 * MIB), Part(2, 21 * MIB, 20 * MIB), Part(3, 41 * MIB, 20 * MIB)]
    )
    partition(
        disk,
        {"number": 1, "startMiB": 1, "sizeMiB": 5, "wipePartitionEntry": True},
        {"number": 2, "startMiB": 6, "sizeMiB": 35, "wipePartitionEntry": True},
        {"number": 3, "startMiB": 41, "sizeMiB": 60, "wipePartitionEntry": True},
    )
    assert places(disk) == {1: (MIB, 5 * MIB), 2: (6 * MIB, 35 * MIB), 3: (41 * MIB, 60 * MIB)}


def test_unnumbered_entries_take_the_number_of_a_deleted_one(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=128)
    make_table(disk, [Part(n, (1 + 10 * (n - 1)) * MIB, 10 * MIB, f"p{n}") for n in (1, 2, 5)])
    five = read_table(disk)[2]
    partition(
        disk,
        {"number": 2, "shouldExist": False, "wipePartitionEntry": True},
        {"label": "a", "sizeMiB": 20, "wipePartitionEntry": True},
        {"label": "b", "sizeMiB": 20, "wipePartitionEntry": True},
    )
    found = {one.number: one for one in read_table(disk)}
    assert sorted(found) == [1, 2, 3, 5]
    assert found[5] == five
    assert (found[2].label, found[3].label) == ("a", "b")


def test_matching_partitions_keep_their_guids(base_disk: str) -> None:
    before = fingerprint(base_disk)
    partition(
        base_disk,
        *(
            {
                "number": one.number,
                "label": one.label,
                "startMiB": one.start // MIB,
                "sizeMiB": one.size // MIB,
                "typeGuid": one.type,
                "wipePartitionEntry": True,
            }
            for one in BASE
        ),
    )
    assert fingerprint(base_disk) == before


@pytest.mark.parametrize("first_bytes", [1536, 512 * 34])
def test_corrupt_table_is_refused_unless_wiped(base_disk: str, first_bytes: int) -> None:
    with open(base_disk, "r+b") as file:
        file.write(os.urandom(first_bytes))
    # udev does this too, some time after the file was closed.
    subprocess.run(["blockdev", "--rereadpt", base_disk], check=True)
    subprocess.run(["udevadm", "settle"], check=True)
    refuse(base_disk, {"number": 1}, code="IGN2101")
    succeed("disks", disk_config(base_disk, wipeTable=True))
    assert kernel(base_disk) == {}
    partition(base_disk, {"number": 1, "sizeMiB": 32}, wipeTable=True)
    assert places(base_disk) == {1: (MIB, 32 * MIB)}


def test_table_with_only_the_backup_is_used_and_repaired(base_disk: str) -> None:
    with open(base_disk, "r+b") as file:
        file.seek(512)
        file.write(bytes(512))
    subprocess.run(["udevadm", "trigger", "--settle", base_disk], check=True)
    partition(base_disk, {"number": 9, "label": "ROOT"})
    assert read_table(base_disk) == BASE
    check = subprocess.run(["sgdisk", "--verify", base_disk], capture_output=True, text=True)
    assert "No problems found" in check.stdout


NO_MATCH = {
    "deleting is not allowed": {"number": 9, "shouldExist": False},
    "other size": {"number": 9, "sizeMiB": 2},
    "resize, but another start": {"number": 9, "startMiB": 260, "sizeMiB": 128, "resize": True},
    "fills, but has free space behind": {"number": 9, "sizeMiB": 0},
    "other label": {"number": 9, "label": "other"},
    "label must be empty": {"number": 9, "label": ""},
    "other type": {"number": 9, "typeGuid": ESP},
}


@pytest.fixture(scope="module")
def shared_disk() -> Iterator[str]:
    """One base disk for all cases that leave it unchanged."""
    disk = new_loop_disk(Path("/run/machine"), 512, 512)
    make_table(disk, BASE)
    yield disk
    remove_disk(disk)


@pytest.mark.parametrize("entry", NO_MATCH.values(), ids=NO_MATCH)
def test_mismatch_is_refused_and_nothing_written(shared_disk: str, entry: Entry) -> None:
    ran = refuse(
        shared_disk,
        {"number": 1, "label": "EFI-SYSTEM"},
        entry,
        {"number": 10, "shouldExist": False},
        {"number": 2, "label": "would be made", "startMiB": 1, "sizeMiB": 1},
        code="IGN2104",
    )
    assert str(ran.failures[0].origin).endswith("/storage/disks/0/partitions/1")
    assert "wipePartitionEntry" in ran.failures[0].hint


DOES_NOT_FIT = {
    "larger than the largest gap": {"number": 2, "sizeMiB": 400},
    "start in the smaller gap, size 0": {"number": 2, "startMiB": 1, "sizeMiB": 0},
    "overlaps an unlisted one": {"number": 2, "startMiB": 100, "sizeMiB": 50},
}


@pytest.mark.parametrize("entry", DOES_NOT_FIT.values(), ids=DOES_NOT_FIT)
def test_partition_that_does_not_fit_is_refused(shared_disk: str, entry: Entry) -> None:
    refuse(shared_disk, entry, code="IGN2103")


def test_partition_is_not_moved_into_a_gap_without_permission(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=128)
    make_table(disk, [Part(9, 50 * MIB, 20 * MIB, "ROOT")])
    refuse(disk, {"number": 9, "startMiB": 0, "sizeMiB": 20}, code="IGN2104")


def test_all_disks_are_planned_before_the_first_is_written(
    base_disk: str, blank_disk: BlankDisk
) -> None:
    empty = blank_disk(size_mib=64)
    before = fingerprint(base_disk), fingerprint(empty)
    ran = run(
        "disks",
        {
            "disks": [
                {"device": empty, "partitions": [{"number": 1, "sizeMiB": 10}]},
                {"device": base_disk, "partitions": [{"number": 9, "sizeMiB": 2}]},
                {"device": base_disk, "partitions": [{"number": 1, "sizeMiB": 2}]},
            ]
        },
    )
    assert ran.codes == ["IGN2104", "IGN2104"]
    assert (fingerprint(base_disk), fingerprint(empty)) == before


def test_table_is_not_wiped_if_entries_do_not_fit(base_disk: str) -> None:
    refuse(base_disk, {"number": 1, "sizeMiB": 9000}, code="IGN2103", wipeTable=True)


def test_permission_of_a_deleted_entry_counts_for_its_number(blank_disk: BlankDisk) -> None:
    """Ignition refuses the third: there the permission of the deleting entry does not count."""
    disk = blank_disk(size_mib=128)
    deleting = {"number": 2, "shouldExist": False}
    for label, delete, new in [
        ("both", {"wipePartitionEntry": True}, {"wipePartitionEntry": True}),
        ("new one only", {}, {"wipePartitionEntry": True}),
        ("deleting one only", {"wipePartitionEntry": True}, {}),
    ]:
        make_table(disk, [Part(1, MIB, 10 * MIB, "one"), Part(2, 11 * MIB, 10 * MIB, "a")])
        ran = partition(disk, {**deleting, **delete}, {"label": label, "sizeMiB": 20, **new})
        assert [(one.number, one.label) for one in read_table(disk)] == [(1, "one"), (2, label)]
        assert bool(ran.logged("is replaced by an entry without a number")) == (not delete)
    refuse(disk, deleting, {"label": "neither", "sizeMiB": 30}, code="IGN2104")
    before = read_table(disk)
    partition(
        disk,
        {**deleting, "wipePartitionEntry": True},
        {"label": "deleting one only", "sizeMiB": 20},
    )
    assert read_table(disk) == before


def test_mbr_is_refused_unless_wiped(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, [Part(1, MIB, 10 * MIB)], label="dos")
    ran = refuse(disk, {"number": 1, "sizeMiB": 10}, code="IGN2102")
    assert "dos" in str(ran.failures[0])
    partition(disk, {"number": 1, "sizeMiB": 32}, wipeTable=True)
    assert places(disk) == {1: (MIB, 32 * MIB)}


def test_filesystem_on_the_whole_disk_is_overwritten_by_a_table(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    ran = partition(disk, {"number": 1, "sizeMiB": 32})
    assert ran.logged("a partition table will overwrite it")
    assert places(disk) == {1: (MIB, 32 * MIB)}


def test_fat_on_the_whole_disk_is_refused_for_its_boot_sector(blank_disk: BlankDisk) -> None:
    """As sgdisk, which takes the boot sector for an MBR."""
    disk = blank_disk(size_mib=64)
    subprocess.run(["mkfs.fat", "-I", disk], check=True, capture_output=True)
    refuse(disk, {"number": 1, "sizeMiB": 32}, code="IGN2102")
    succeed("disks", disk_config(disk, {"number": 1, "shouldExist": False}))
    partition(disk, {"number": 1, "sizeMiB": 32}, wipeTable=True)


def test_sectors_of_4096_bytes(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=256, sector_size=4096)
    succeed("disks", disk_config(disk, {"number": 1, "startMiB": 1, "sizeMiB": 32}, {"number": 2}))
    by_sgdisk = subprocess.run(
        ["sgdisk", "--pretend", "--delete=2", "--new=2:0:+0", "--info=2", disk],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    start, size = places(disk)[2]
    assert f"First sector: {start} " in by_sgdisk
    assert f"Last sector: {start + size - 1} " in by_sgdisk
    assert places(disk)[1] == (256, 8192)
    assert kernel(disk)[1] == (2048, 65536)
    succeed("disks", disk_config(disk, {"number": 2, "sizeMiB": 50, "resize": True}))
    assert places(disk)[2] == (start, 50 * 256)
    assert kernel(disk)[2] == (start * 8, 50 * 256 * 8)


@pytest.fixture
def mounted_disk(blank_disk: BlankDisk) -> str:
    """Partition 1 is mounted."""
    disk: str = blank_disk(size_mib=128)
    make_table(disk, [Part(1, MIB, 32 * MIB, "one"), Part(2, 33 * MIB, 10 * MIB, "two")])
    subprocess.run(["mkfs.ext4", "-q", f"{disk}p1"], check=True)
    os.makedirs("/run/machine/mnt", exist_ok=True)
    subprocess.run(["mount", f"{disk}p1", "/run/machine/mnt"], check=True)
    return disk


def test_disk_with_a_mounted_partition(mounted_disk: str) -> None:
    one = read_table(mounted_disk)[0]
    partition(
        mounted_disk,
        {"number": 1, "label": "one"},
        {"number": 2, "label": "two", "sizeMiB": 20, "resize": True},
        {"number": 3, "sizeMiB": 10},
    )
    assert read_table(mounted_disk)[0] == one
    assert places(mounted_disk)[3] == (53 * MIB, 10 * MIB)
    for entry in (
        {"number": 1, "label": "one", "sizeMiB": 30, "resize": True},
        {"number": 1, "label": "other", "wipePartitionEntry": True},
        {"number": 1, "shouldExist": False, "wipePartitionEntry": True},
    ):
        refuse(mounted_disk, entry, code="IGN2107")
    refuse(mounted_disk, code="IGN2106", wipeTable=True)


def test_disk_that_is_mounted_itself(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    os.makedirs("/run/machine/mnt", exist_ok=True)
    # Read-only, because the kernel would write to it asynchronously.
    subprocess.run(["mount", "-o", "ro", disk, "/run/machine/mnt"], check=True)
    refuse(disk, {"number": 1, "sizeMiB": 10}, code="IGN2105")
    succeed("disks", disk_config(disk))


def test_disk_given_by_a_udev_link(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    link = "/run/machine/link"
    os.symlink(disk, link)
    succeed("disks", disk_config(link, {"number": 1, "sizeMiB": 10}))
    os.unlink(link)
    assert os.path.realpath("/run/ignition/dev_aliases/run/machine/link") == disk
    assert places(disk) == {1: (MIB, 10 * MIB)}


def test_kernel_that_is_already_up_to_date_is_fine(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    subprocess.run(["partx", "--add", "--nr", "1", disk], capture_output=True)
    subprocess.run(["addpart", disk, "1", str(MIB), str(10 * MIB)], check=True)
    partition(disk, {"number": 1, "sizeMiB": 10})


def test_same_disk_under_two_names(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    link = "/run/machine/other-name"
    os.symlink(disk, link)
    succeed(
        "disks",
        {
            "disks": [
                {"device": disk, "partitions": [{"label": "a", "sizeMiB": 10}]},
                {"device": link, "partitions": [{"label": "b", "sizeMiB": 10}]},
            ]
        },
    )
    os.unlink(link)
    assert places(disk) == {1: (MIB, 10 * MIB), 2: (11 * MIB, 10 * MIB)}


def test_missing_disk_is_reported_with_origin_and_similar_devices(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    ran = run("disks", disk_config("/dev/loop999"), wait_device=1)
    assert ran.codes == ["IGN2001"]
    assert str(ran.failures[0].origin).endswith("/storage/disks/0/device")
    assert f"{disk} (64 MiB)" in ran.failures[0].hint


def test_device_without_a_medium_is_refused() -> None:
    """An unused loop device exists but has no sectors, like a card reader without a card."""
    unused = subprocess.run(["losetup", "--find"], check=True, capture_output=True, text=True)
    device = unused.stdout.strip()
    assert run("disks", disk_config(device, {"number": 1})).codes == ["IGN2114"]
    assert run("disks", disk_config(device, {"number": 1}, wipeTable=True)).codes == ["IGN2114"]


def test_unchanged_entries_keep_every_byte(blank_disk: BlankDisk) -> None:
    """A name that sfdisk cannot write, reserved attribute bits, a boot loader in the first sector."""
    disk = blank_disk(size_mib=64)
    make_table(disk, [Part(1, MIB, 10 * MIB, "a")])
    device = os.open(disk, os.O_RDWR)
    try:
        table = gpt.read(device, 512, 64 * MIB)
        assert table is not None
        os.pwrite(device, b"GRUB", 0)
    finally:
        os.close(device)
    partition(disk, {"label": "new \U0001f600", "sizeMiB": 10})
    device = os.open(disk, os.O_RDONLY)
    try:
        after = gpt.read(device, 512, 64 * MIB)
        assert os.pread(device, 4, 0) == b"GRUB"
    finally:
        os.close(device)
    assert after is not None
    assert after.entries[:128] == table.entries[:128]
    assert after.partitions[1].name == "new \U0001f600"
    assert after.guid == table.guid
