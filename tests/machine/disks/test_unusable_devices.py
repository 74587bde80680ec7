# SPDX-License-Identifier: Apache-2.0
"""Unsuitable devices and impossible numbers: refused with the origin and the cause."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from ignition.system import gpt, gptwrite, udev
from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import Ran, run, succeed
from tests.machine.disks.tables import (
    LINUX,
    MIB,
    Part,
    fingerprint,
    kernel,
    make_table,
    places,
)

LARGEST = (1 << 63) - 1
TWO = [Part(1, MIB, 20 * MIB, "one"), Part(2, 21 * MIB, 20 * MIB, "two")]


def refused(storage: dict[str, Any], device: str, code: str, pointer: str) -> Ran:
    before, known = fingerprint(device), kernel(device)
    ran = run("disks", storage)
    assert ran.codes == [code], ran.text()
    assert ran.failures[0].origin is not None
    assert ran.failures[0].origin.pointer == pointer
    assert (fingerprint(device), kernel(device)) == (before, known)
    return ran


def disk_entry(device: str, *partitions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"disks": [{"device": device, "partitions": list(partitions), **more}]}


def test_impossible_partition_numbers(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, TWO)
    first = "/storage/disks/0/partitions/1"
    for wipes in (False, True):
        for entry, code, at in [
            ({"number": -1}, "IGN2111", "/number"),
            ({"number": -1000}, "IGN2111", "/number"),
            ({"number": -LARGEST - 1}, "IGN2111", "/number"),
            (
                {"number": -1, "shouldExist": False, "wipePartitionEntry": True},
                "IGN2111",
                "/number",
            ),
            ({"number": 129}, "IGN2103", ""),
            ({"number": 1 << 32}, "IGN2103", ""),
            ({"number": LARGEST}, "IGN2103", ""),
            ({"number": 3, "sizeMiB": -1}, "IGN2111", "/sizeMiB"),
            ({"number": 3, "startMiB": -1}, "IGN2111", "/startMiB"),
            ({"number": 3, "startMiB": -10, "sizeMiB": 0}, "IGN2111", "/startMiB"),
            ({"number": 3, "sizeMiB": 1 << 32}, "IGN2103", ""),
            ({"number": 3, "sizeMiB": 1 << 53}, "IGN2111", "/sizeMiB"),
            ({"number": 3, "startMiB": 1 << 53}, "IGN2111", "/startMiB"),
            ({"number": 3, "sizeMiB": LARGEST}, "IGN2111", "/sizeMiB"),
            ({"number": 3, "startMiB": LARGEST}, "IGN2111", "/startMiB"),
        ]:
            other = {"number": 1, "label": "one"}
            refused(disk_entry(disk, other, entry, wipeTable=wipes), disk, code, first + at)


def test_more_partitions_than_entries_in_the_table(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=256)
    entries = [{"label": f"p{n}", "sizeMiB": 1} for n in range(129)]
    refused(disk_entry(disk, *entries), disk, "IGN2103", "/storage/disks/0/partitions/128")
    many = [{"label": f"p{n}", "sizeMiB": 1} for n in range(100_000)]
    refused(disk_entry(disk, *many), disk, "IGN2103", "/storage/disks/0/partitions/128")
    succeed("disks", disk_entry(disk, *entries[:128]))
    assert len(places(disk)) == len(kernel(disk)) == 128


def test_sizes_are_reported_in_mib_too(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, TWO)
    place = "/storage/disks/0/partitions/0"
    ran = refused(disk_entry(disk, {"number": 3, "sizeMiB": 90}), disk, "IGN2103", place)
    assert "184320 sectors (90 MiB) are requested at sector 83968 (41 MiB)" in ran.text()
    assert "sectors 34 (0.01 MiB) to 131038 (63.98 MiB)" in ran.failures[0].hint
    ran = refused(disk_entry(disk, {"number": 2, "sizeMiB": 9}), disk, "IGN2104", place)
    assert "it has 40960 sectors (20 MiB), not 18432 sectors (9 MiB)" in ran.text()
    assert "leaving out sizeMiB keeps the current value" in ran.failures[0].hint
    ran = refused(disk_entry(disk, {"number": 2, "startMiB": 9}), disk, "IGN2103", place)
    wanted = {"number": 2, "startMiB": 42, "sizeMiB": 1}
    ran = refused(disk_entry(disk, wanted), disk, "IGN2104", place)
    assert "leaving out startMiB and sizeMiB keeps the current value" in ran.failures[0].hint


SPOILED = {
    "overlapping": [gpt.Partition(1, 2048, 4096, LINUX, "", ""), gpt.Partition(2, 4096, 4096, LINUX, "", "")],
    "ending before it begins": [gpt.Partition(1, 4096, -10, LINUX, "", "")],
    "beyond the end": [gpt.Partition(1, 2048, 900000, LINUX, "", "")],
    "over the table": [gpt.Partition(1, 1, 4096, LINUX, "", "")],
}  # fmt: skip


@pytest.mark.parametrize("parts", SPOILED.values(), ids=SPOILED)
def test_invalid_table_is_not_written(blank_disk: BlankDisk, parts: list[gpt.Partition]) -> None:
    disk = blank_disk(size_mib=64)
    for one in parts:
        one.guid = f"ABCDEF01-2345-4678-9ABC-DEF01234567{one.number}"
    with open(disk, "r+b") as file:
        table = gptwrite.edit(gpt.empty(512, 64 * MIB), [], parts)
        gptwrite.write(file.fileno(), table, 512, 64 * MIB, fresh=True)
    subprocess.run(["udevadm", "settle"], check=True)
    new = {"number": 9, "startMiB": 40, "sizeMiB": 2}
    code, place = "IGN2101", "/storage/disks/0"
    if parts[-1].last > 64 * MIB:  # it is in the way of all others
        code, place = "IGN2103", f"{place}/partitions/0"
    refused(disk_entry(disk, new), disk, code, place)
    succeed("disks", disk_entry(disk, new, wipeTable=True))


def test_read_only_disk(blank_disk: BlankDisk) -> None:
    disk, other = blank_disk(size_mib=64), blank_disk(size_mib=64)
    make_table(disk, TWO)
    for device in (disk, f"{disk}p1", f"{disk}p2"):
        subprocess.run(["blockdev", "--setro", device], check=True)
    try:
        for more in ({"wipeTable": True}, {}):
            storage = disk_entry(disk, {"number": 3, "sizeMiB": 1}, **more)
            refused(storage, disk, "IGN2113", "/storage/disks/0/device")
        filesystem = {"device": f"{disk}p1", "format": "ext4", "wipeFilesystem": True}
        refused({"filesystems": [filesystem]}, disk, "IGN2113", "/storage/filesystems/0/device")
        array = {"name": "a", "level": "raid1", "devices": [other, f"{disk}p1"]}
        refused({"raid": [array]}, disk, "IGN2113", "/storage/raid/0/devices/1")
        before = fingerprint(disk)
        succeed("disks", disk_entry(disk, {"number": 1, "label": "one"}))
        subprocess.run(["blockdev", "--setrw", disk], check=True)
        with open(disk, "r+b") as file:
            file.seek(-512, os.SEEK_END)
            file.write(bytes(512))  # would be repaired, if that were possible
        subprocess.run(["blockdev", "--setro", disk], check=True)
        succeed("disks", disk_entry(disk, {"number": 1, "label": "one"}))
        assert fingerprint(disk) != before
    finally:
        subprocess.run(["blockdev", "--setrw", disk], check=True)


def test_partition_given_as_a_disk(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, TWO)
    for more in ({"wipeTable": True}, {}):
        storage = disk_entry(f"{disk}p1", {"number": 1}, **more)
        ran = refused(storage, disk, "IGN2112", "/storage/disks/0/device")
        assert f"{disk}p1 is a partition of {disk}, not a disk" in ran.text()
    # Ignition accepts these, which request no partitions.
    succeed("disks", disk_entry(f"{disk}p1"))
    succeed("disks", disk_entry(f"{disk}p1", wipeTable=True))


def test_array_that_is_not_running(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, TWO)
    members = [f"{disk}p1", f"{disk}p2"]
    subprocess.run(
        ["mdadm", "-q", "--create", "/dev/md/half", "--run", "-l0", "-n2", *members], check=True
    )
    subprocess.run(["mdadm", "-q", "--stop", "/dev/md/half"], check=True)
    subprocess.run(["mdadm", "-q", "--incremental", members[0]], check=True)
    node = next(
        f"/dev/{name}"
        for name in subprocess.check_output(["ls", "/sys/block"], text=True).split()
        if name.startswith("md")
    )
    for storage, pointer in (
        (disk_entry(node, {"number": 1}), "/storage/disks/0/device"),
        (disk_entry(node, wipeTable=True), "/storage/disks/0/device"),
        ({"filesystems": [{"device": node, "format": "ext4"}]}, "/storage/filesystems/0/device"),
    ):
        ran = refused(storage, disk, "IGN2114", pointer)
        assert "an array that is not running (it is inactive)" in ran.text()


def test_array_of_too_few_devices(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, TWO)
    for level, spares, at in [
        ("raid1", 2, "spares"),
        ("raid1", 1 << 40, "spares"),
        ("raid1", -1, "spares"),
        ("raid1", -LARGEST - 1, "spares"),
        ("raid5", 1, "devices"),
        ("raid6", 0, "devices"),
        ("10", 1, "devices"),
    ]:
        array = {
            "name": "a",
            "level": level,
            "spares": spares,
            "devices": [f"{disk}p1", f"{disk}p2"],
        }
        refused({"raid": [array]}, disk, "IGN2115", f"/storage/raid/0/{at}")


def test_disk_that_loses_writes(blank_disk: BlankDisk) -> None:
    """A thin-provisioned disk whose pool is full: the kernel reports it when the table is synced."""
    folder = "/run/machine/full"
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", folder], check=True)
    with open(f"{folder}/image", "wb") as image:
        image.truncate(64 << 20)
    attach = ["losetup", "--find", "--show", "--partscan", f"{folder}/image"]
    disk = subprocess.run(attach, check=True, capture_output=True, text=True).stdout.strip()
    try:
        ran = run("disks", disk_entry(disk, {"number": 1, "sizeMiB": 10}))
        assert ran.codes == ["IGN2116"], ran.text()
        assert "cannot be written" in ran.text()
    finally:
        subprocess.run(["losetup", "--detach", disk], check=True)
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def hanging_udev(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """udev has a socket and receives events, but processes none."""
    found = subprocess.run(["pidof", "systemd-udevd"], check=True, capture_output=True, text=True)
    processes = [int(word) for word in found.stdout.split()]
    monkeypatch.setattr(udev, "SECONDS", 2.0)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    yield
    for process in processes:
        os.kill(process, signal.SIGCONT)
    subprocess.run(["udevadm", "settle"], check=True)


def test_udev_that_does_not_answer(blank_disk: BlankDisk, hanging_udev: None) -> None:
    """An error with the cause after a limit. The table is written, so a repeated run continues."""
    disk = blank_disk(size_mib=64)
    for storage in (
        disk_entry(disk, {"number": 1, "sizeMiB": 20}),
        {"filesystems": [{"device": disk, "format": "vfat"}]},
    ):
        ran = run("disks", storage)
        assert ran.codes == ["IGN2120"], ran.text()
        assert f"udev has not processed {disk}" in ran.text()
