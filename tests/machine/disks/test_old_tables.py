# SPDX-License-Identifier: Apache-2.0
"""Disks with an old GPT besides their current contents: the kernel's interpretation counts."""

from __future__ import annotations

import os
import struct
import subprocess

import pytest

from ignition.system import gpt
from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.tables import MIB, Part, fingerprint, kernel, make_table, wait_until

OLD = [Part(1, MIB, 10 * MIB, "old"), Part(3, 20 * MIB, 10 * MIB, "older")]
PLACES = {part.number: (part.start, part.size) for part in OLD}


def put(disk: str, offset: int, data: bytes) -> None:
    with open(disk, "r+b") as file:
        file.seek(offset)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def put_mbr(disk: str, *entries: tuple[int, int, int]) -> None:
    rows = b"".join(
        bytes((0, 0, 2, 0, kind, 255, 255, 255)) + struct.pack("<II", start, size)
        for kind, start, size in entries
    )
    put(disk, 0, (bytes(440) + b"\1\2\3\4\0\0" + rows).ljust(510, b"\0") + b"\x55\xaa")


def reread(disk: str) -> None:
    """Makes the kernel reread the table. udev does that too, and only one of them can at a time."""
    command = ["blockdev", "--rereadpt", disk]
    wait_until(lambda: subprocess.run(command, capture_output=True).returncode == 0)


def read_by_engine(disk: str) -> dict[int, tuple[int, int]] | None:
    device = os.open(disk, os.O_RDONLY)
    try:
        table = gpt.read(device, 512, os.lseek(device, 0, os.SEEK_END) // 512)
    except gpt.Unreadable:
        return None
    finally:
        os.close(device)
    return {one.number: (one.start, one.size) for one in table.partitions} if table else {}


def refused(disk: str, *codes: str) -> None:
    """A config with a partition, and one without, must be refused and change nothing."""
    before = fingerprint(disk)
    ran = run("disks", {"disks": [{"device": disk, "partitions": [{"label": "x", "sizeMiB": 1}]}]})
    assert ran.codes and ran.codes[0] in codes, ran.text()
    assert fingerprint(disk) == before


FIRST_SECTORS = {
    "dos": [(0x83, 5 * MIB, 30 * MIB)],
    "dos, two partitions": [(0x83, 5 * MIB, 3 * MIB), (0x0C, 9 * MIB, 3 * MIB)],
    "only an EFI partition": [(0xEF, 5 * MIB, 30 * MIB)],
    "only an EFI entry for the whole disk": [(0xEF, 1, 64 * MIB - 1)],
    "no entry": [],
    "protective": [(0xEE, 1, 64 * MIB - 1)],
    "protective in the last slot": [(0, 0, 0), (0, 0, 0), (0, 0, 0), (0xEE, 1, 64 * MIB - 1)],
    "protective and too small": [(0xEE, 1, 7)],
    "hybrid": [(0xEE, 1, 100), (0x83, 5 * MIB, 3 * MIB)],
    "hybrid with an EFI partition": [(0xEE, 1, 100), (0xEF, 5 * MIB, 3 * MIB)],
}


def test_first_sector_decides_as_in_the_kernel(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, OLD)
    for name, entries in FIRST_SECTORS.items():
        put_mbr(disk, *entries)
        reread(disk)
        is_gpt = "protective" in name or "hybrid" in name
        assert (kernel(disk) == PLACES) == is_gpt, name
        assert read_by_engine(disk) == (PLACES if is_gpt else {}), name
        if not is_gpt:
            refused(disk, "IGN2102")


def test_stale_gpt_leaves_the_filesystem_of_a_dos_partition_alone(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, OLD)
    put_mbr(disk, (0x83, MIB, 60 * MIB))
    reread(disk)
    subprocess.run(["mkfs.ext4", "-q", f"{disk}p1"], check=True)
    refused(disk, "IGN2102")
    subprocess.run(["fsck.ext4", "-fn", f"{disk}p1"], check=True, capture_output=True)
    ran = succeed(
        "disks", {"disks": [{"device": disk, "wipeTable": True, "partitions": [{"number": 1}]}]}
    )
    assert "wipe the table" in ran.summary[0]
    assert list(read_by_engine(disk) or ()) == [1]


def test_zeroed_first_sector_is_repaired_unless_the_disk_holds_something(
    blank_disk: BlankDisk,
) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, OLD)
    put(disk, 0, bytes(512))
    # The signature of ISO 9660, which is behind the primary GPT.
    iso = b"\1CD001\1\0".ljust(2048, b"\0") + b"\xffCD001\1\0".ljust(2048, b"\0")
    put(disk, 0x8000, iso)
    refused(disk, "IGN2101")
    put(disk, 0x8000, bytes(4096))
    succeed("disks", {"disks": [{"device": disk, "partitions": [{"number": 1, "label": "old"}]}]})
    with open(disk, "rb") as file:
        assert gpt.is_protective(file.read(512))
    assert read_by_engine(disk) == PLACES


@pytest.mark.parametrize("first", [b"XFSB", b"LABELONE", b"\0\0\0\x55"], ids=repr)
def test_foreign_first_sector_is_refused(blank_disk: BlankDisk, first: bytes) -> None:
    disk = blank_disk(size_mib=64)
    make_table(disk, OLD)
    put(disk, 0, first.ljust(512, b"\0"))
    refused(disk, "IGN2101")
    before = fingerprint(disk)
    succeed("disks", {"disks": [{"device": disk}]})
    assert fingerprint(disk) == before


def test_interrupted_write_over_a_filesystem_is_continued(blank_disk: BlankDisk) -> None:
    """Power loss while a table replaced an ISO image, before the first sector was written."""
    disk = blank_disk(size_mib=64)
    put(disk, 0x8000, b"\1CD001\1\0".ljust(2048, b"\0") + b"\xffCD001\1\0".ljust(2048, b"\0"))
    wanted = {"disks": [{"device": disk, "partitions": [{"number": 1, "sizeMiB": 32}]}]}
    succeed("disks", wanted)
    put(disk, 0, bytes(512))
    succeed("disks", wanted)
    with open(disk, "rb") as file:
        assert gpt.is_protective(file.read(512))
