# SPDX-License-Identifier: Apache-2.0
"""The table matches the config but the kernel's view differs: it is updated."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import tags
from tests.machine.disks.tables import MIB, Part, fingerprint, kernel, make_table, places

THREE = [Part(n, (1 + 20 * (n - 1)) * MIB, 20 * MIB, f"p{n}") for n in (1, 2, 3)]


def remove_from_kernel(disk: str, number: int) -> None:
    subprocess.run(["partx", "--delete", "--nr", str(number), disk], check=True)


def resize_in_kernel(disk: str, number: int, start: int, size: int) -> None:
    remove_from_kernel(disk, number)
    subprocess.run(["addpart", disk, str(number), str(start), str(size)], check=True)


@pytest.fixture
def disk(blank_disk: BlankDisk) -> str:
    made: str = blank_disk(size_mib=96)
    make_table(made, THREE)
    return made


@pytest.mark.parametrize("listed", ["all", "the last only"])
def test_kernel_view_of_kept_partitions_is_updated(disk: str, listed: str) -> None:
    """Missing, shorter and moved ones, including partitions that the config does not list."""
    remove_from_kernel(disk, 1)
    subprocess.run(["resizepart", disk, "2", str(5 * MIB)], check=True)
    resize_in_kernel(disk, 3, 41 * MIB + 8, 20 * MIB - 8)
    before = fingerprint(disk)
    entries = [{"number": n, "label": f"p{n}", "sizeMiB": 20} for n in (1, 2, 3)]
    ran = succeed(
        "disks",
        {
            "disks": [{"device": disk, "partitions": entries if listed == "all" else entries[2:]}],
            "filesystems": [
                {"device": f"{disk}p1", "format": "ext4"},
                {"device": "/dev/disk/by-partlabel/p2", "format": "ext4"},
            ],
        },
    )
    assert ran.summary[0] == f"partition {disk}: update 3 in the kernel"
    assert kernel(disk) == places(disk)
    assert fingerprint(disk) == before
    for number in (1, 2):
        assert tags(f"{disk}p{number}")["TYPE"] == "ext4"
        size = subprocess.run(
            ["dumpe2fs", "-h", f"{disk}p{number}"], capture_output=True, text=True, check=True
        ).stdout
        assert "Block count:              20480\n" in size
    # Then there is nothing to update.
    again = succeed("disks", {"disks": [{"device": disk, "partitions": entries}]})
    assert again.summary == [f"partition {disk}: no changes"]


def test_kernel_view_is_updated_along_with_a_change(disk: str) -> None:
    remove_from_kernel(disk, 1)
    resize_in_kernel(disk, 4, 70 * MIB, MIB)
    succeed("disks", {"disks": [{"device": disk, "partitions": [{"number": 5, "sizeMiB": 10}]}]})
    assert kernel(disk) == places(disk)


def test_partition_known_only_to_the_kernel_is_removed(disk: str) -> None:
    resize_in_kernel(disk, 3, 41 * MIB, 20 * MIB)
    subprocess.run(["addpart", disk, "4", str(70 * MIB), str(MIB)], check=True)
    succeed(
        "disks", {"disks": [{"device": disk, "partitions": [{"number": 4, "shouldExist": False}]}]}
    )
    assert kernel(disk) == places(disk)
    assert not os.path.exists(f"{disk}p4")


def test_kernel_view_of_a_partition_in_use_is_left_alone(disk: str) -> None:
    resize_in_kernel(disk, 3, 41 * MIB, 30 * MIB)
    subprocess.run(["mkfs.ext4", "-q", f"{disk}p3"], check=True)
    os.makedirs("/run/machine/mnt", exist_ok=True)
    subprocess.run(["mount", f"{disk}p3", "/run/machine/mnt"], check=True)
    remove_from_kernel(disk, 1)
    ran = succeed(
        "disks",
        {"disks": [{"device": disk, "partitions": [{"number": 3, "label": "p3"}, {"number": 1}]}]},
    )
    assert ran.logged("cannot be updated because it is mounted on /run/machine/mnt")
    assert kernel(disk) == {**places(disk), 3: (41 * MIB, 30 * MIB)}


def test_mounted_partition_grows_in_the_kernel_too(disk: str) -> None:
    resize_in_kernel(disk, 3, 41 * MIB, 10 * MIB)
    subprocess.run(["mkfs.ext4", "-q", f"{disk}p3"], check=True)
    os.makedirs("/run/machine/mnt", exist_ok=True)
    subprocess.run(["mount", f"{disk}p3", "/run/machine/mnt"], check=True)
    succeed("disks", {"disks": [{"device": disk, "partitions": [{"number": 3, "label": "p3"}]}]})
    assert kernel(disk) == places(disk)


def test_kernel_view_of_a_disk_without_entries_is_left_alone(disk: str) -> None:
    remove_from_kernel(disk, 1)
    ran = run("disks", {"disks": [{"device": disk}]})
    assert not ran.failures
    assert list(kernel(disk)) == [2, 3]


def test_udev_is_triggered_without_a_program(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=96)
    storage = {
        "disks": [{"device": disk, "partitions": [{"number": 1, "label": "one"}]}],
        "filesystems": [
            {"device": "/dev/disk/by-partlabel/one", "format": "ext4", "label": "LINK"}
        ],
    }
    succeed("disks", storage, programs={"udevadm": "/bin/false"})
    assert os.path.realpath("/dev/disk/by-label/LINK") == f"{disk}p1"


def test_partitions_stay_while_another_is_added(disk: str) -> None:
    asked = ["udevadm", "monitor", "--kernel", "--subsystem-match=block"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as monitor:
        assert monitor.stdout
        while not monitor.stdout.readline().startswith("KERNEL"):
            pass
        succeed(
            "disks", {"disks": [{"device": disk, "partitions": [{"number": 4, "label": "p4"}]}]}
        )
        subprocess.run(["udevadm", "settle"], check=True)
        monitor.terminate()
        events = [line.partition("] ")[2].split() for line in monitor.stdout if "] " in line]
    added = [path.rpartition("/")[2] for what, path, _ in events if what == "add"]
    assert added == [os.path.basename(f"{disk}p4")]
    assert "remove" not in {what for what, *_ in events}
