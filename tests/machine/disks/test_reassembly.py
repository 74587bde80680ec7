# SPDX-License-Identifier: Apache-2.0
"""A run is interrupted, and at the next boot the system assembles what it left behind.

The next run must lead to the same result as an uninterrupted one.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ignition.system import mdsuper
from tests.machine.blockdevices import BlankDisk
from tests.machine.disks import luks
from tests.machine.disks.arrays import array, detail
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import filesystem, shell, tags
from tests.machine.disks.tables import MIB, Part, make_table, read_table, wait_until

Storage = dict[str, Any]


def arrays() -> list[str]:
    """The nodes of all arrays, topmost first."""
    lines = Path("/proc/mdstat").read_text().splitlines()
    names = [line.split()[0] for line in lines if line.startswith("md")]
    return [f"/dev/{name}" for name in sorted(names, key=lambda name: not is_topmost(name))]


def is_topmost(name: str) -> bool:
    return not list(Path("/sys/class/block", name, "holders").iterdir())


def stop_arrays() -> None:
    # The engine locks the disks while it makes an array, so udev sees the members afterwards. If the array is
    # stopped before that, udev assembles it again.
    shell("udevadm", "settle")
    while found := arrays():
        shell("mdadm", "--quiet", "--stop", found[0])
    shell("udevadm", "settle")


def reboot() -> None:
    """Stops all arrays, and makes udev process all devices as at boot."""
    stop_arrays()
    shell("udevadm", "trigger", "--action=add", "--subsystem-match=block", "--settle")
    shell("udevadm", "settle")


def partitioned(disk: str, count: int, **more: Any) -> Storage:
    parts = [{"number": n, "sizeMiB": 64} for n in range(1, count + 1)]
    return {"disks": [{"device": disk, "wipeTable": True, "partitions": parts}], **more}


def members(disk: str, *numbers: int) -> list[str]:
    return [f"{disk}p{number}" for number in numbers]


def cut_while_superblocks_are_written(storage: Storage) -> None:
    """Runs the phase with an mdadm that is killed after its first superblock."""
    script = Path("/run/machine/mdadm")
    script.write_text(
        "#!/bin/sh\n"
        'exec strace -f -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL:when=1 mdadm "$@"\n'
    )
    script.chmod(0o755)
    ran = run("disks", storage, programs={"mdadm": str(script)})
    assert ran.codes == ["IGN7002"], ran.text()


def test_wiped_disk_whose_partitions_have_been_assembled(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=200)
    wanted = partitioned(disk, 2, **array("data", members(disk, 1, 2)))
    wanted["filesystems"] = [filesystem("/dev/md/data", "ext4", label="onraid")]
    succeed("disks", wanted)
    made = read_table(disk), tags("/dev/md/data")
    reboot()
    assert arrays()
    assert succeed("disks", wanted).summary == [
        f"partition {disk}: no changes",
        "keep array data of 2 devices",
        "keep ext4 on /dev/md/data",
    ]
    assert (read_table(disk), tags("/dev/md/data")) == made
    # It is refused if the table does not belong to this config.
    wanted["disks"][0]["partitions"][0]["label"] = "other"
    assert run("disks", wanted).codes == ["IGN2106"]


def test_foreign_partition_on_a_wiped_disk_is_wiped(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=200)
    wanted = partitioned(disk, 2)
    succeed("disks", wanted)
    made = read_table(disk)
    subprocess.run(["sfdisk", "--quiet", "--append", disk], input=",\n", text=True, check=True)
    assert len(read_table(disk)) == 3
    assert succeed("disks", wanted).summary == [f"partition {disk}: wipe the table, create 2"]
    assert [part.start for part in read_table(disk)] == [part.start for part in made]


@pytest.mark.parametrize("whole", [False, True], ids=["partitions", "whole-disks"])
def test_array_with_only_some_superblocks(blank_disk: BlankDisk, whole: bool) -> None:
    disk = blank_disk(size_mib=200)
    if whole:
        devices = [disk, blank_disk(size_mib=200)]
        wanted = array("data", devices)
    else:
        devices = members(disk, 1, 2)
        wanted = partitioned(disk, 2, **array("data", devices))
    cut_while_superblocks_are_written(wanted)
    assert sum(mdsuper.read(device) is not None for device in devices) == 1
    reboot()
    # The existing half was assembled, but is not running.
    assert "inactive" in Path("/proc/mdstat").read_text()
    assert succeed("disks", wanted).summary[-1] == "create array data of 2 devices"
    assert "Active Devices : 2" in detail("/dev/md/data")
    reboot()
    assert succeed("disks", wanted).summary[-1] == "keep array data of 2 devices"


@pytest.mark.parametrize(
    "metadata",
    ["0.90", "1.2", *(pytest.param(each, marks=pytest.mark.slow) for each in ("1.0", "1.1"))],
)
def test_complete_array_is_assembled(blank_disk: BlankDisk, metadata: str) -> None:
    """Stopped, partly assembled, or under another name: its contents are kept."""
    disk = blank_disk(size_mib=200)
    wanted = partitioned(
        disk, 2, **array("data", members(disk, 1, 2), options=[f"--metadata={metadata}"])
    )
    wanted["filesystems"] = [filesystem("/dev/md/data", "ext4")]
    succeed("disks", wanted)
    made = tags("/dev/md/data")

    def check(*acts: str) -> None:
        ran = succeed("disks", wanted)
        assert ran.summary[1] in acts
        assert tags("/dev/md/data") == made

    stop_arrays()
    check("assemble array data of 2 devices")
    stop_arrays()
    shell("mdadm", "--quiet", "--incremental", members(disk, 1)[0])
    assert "inactive" in Path("/proc/mdstat").read_text()
    check("assemble array data of 2 devices")
    stop_arrays()
    shell("mdadm", "--quiet", "--assemble", "/dev/md99", *members(disk, 1, 2))
    shell("udevadm", "settle")
    check("assemble array data of 2 devices", "keep array data of 2 devices")


def test_array_that_lost_a_member_later_is_not_recreated(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=200)
    wanted = partitioned(disk, 2, **array("data", members(disk, 1, 2)))
    succeed("disks", wanted)
    shell("mkfs.ext4", "-q", "/dev/md/data")
    stop_arrays()
    shell("mdadm", "--zero-superblock", members(disk, 2)[0])
    shell("mdadm", "--quiet", "--assemble", "--run", "/dev/md/data", members(disk, 1)[0])
    shell("udevadm", "settle")
    made = tags("/dev/md/data")
    assert run("disks", wanted).codes == ["IGN2201"]
    assert tags("/dev/md/data") == made
    # If it is empty, its creation was interrupted and the system assembled what existed.
    shell("wipefs", "--all", "/dev/md/data")
    assert succeed("disks", wanted).summary[-1] == "create array data of 2 devices"


def test_array_on_an_array(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=300)
    wanted = partitioned(disk, 3)
    wanted["raid"] = [
        *array("inner", members(disk, 1, 2))["raid"],
        *array("outer", ["/dev/md/inner", members(disk, 3)[0]], "raid0")["raid"],
    ]
    wanted["filesystems"] = [filesystem("/dev/md/outer", "ext4")]
    succeed("disks", wanted)
    made = tags("/dev/md/outer")
    for _ in range(2):
        reboot()
        assert "create" not in " ".join(succeed("disks", wanted).summary)
        assert tags("/dev/md/outer") == made


def test_old_superblocks_below_new_partitions(blank_disk: BlankDisk) -> None:
    """Both if udev finds them in the same run and at the next boot."""
    disk, other = blank_disk(size_mib=200), blank_disk(size_mib=64)
    make_table(disk, [Part(n, (1 + 64 * (n - 1)) * MIB, 64 * MIB) for n in (1, 2)])
    create = ["mdadm", "--quiet", "--create", "--run", "--level=1", "--raid-devices=2"]
    shell(*create, "/dev/md/old", f"{disk}p1", other)
    shell("udevadm", "settle")
    stop_arrays()
    make_table(disk, [])
    wanted = partitioned(disk, 2, **array("data", members(disk, 1, 2)))
    succeed("disks", wanted)
    assert "any:data" in detail("/dev/md/data")
    # The rest of the old one is unchanged.
    assert "old" in shell("mdadm", "--examine", other)


def test_mapped_device_on_a_partition_of_this_config(blank_disk: BlankDisk) -> None:
    """Its name starts with a hyphen, which is no option of the program that removes it."""
    disk = blank_disk(size_mib=100)
    wanted = partitioned(disk, 1)
    wanted["filesystems"] = [filesystem(f"{disk}p1", "ext4", wipeFilesystem=True)]
    succeed("disks", wanted)

    def map_it(target: str) -> None:
        table = f"0 2048 linear {target} 0"
        shell("dmsetup", "create", "--table", table, "--", "-old-volume")
        shell("udevadm", "settle")

    map_it(f"{disk}p1")
    succeed("disks", wanted)
    assert not Path("/dev/mapper/-old-volume").exists()
    map_it(f"{disk}p1")
    foreign = {"filesystems": wanted["filesystems"]}
    assert run("disks", foreign).codes == ["IGN2402"]
    shell("mkfs.vfat", "/dev/mapper/-old-volume")
    Path("/run/machine/mnt").mkdir(exist_ok=True)
    shell("mount", "/dev/mapper/-old-volume", "/run/machine/mnt")
    ran = run("disks", wanted)
    assert ran.codes == ["IGN2402"]
    assert "mounted on /run/machine/mnt" in str(ran.failures[0])
    shell("umount", "/run/machine/mnt")
    shell("dmsetup", "remove", "--", "-old-volume")


class Worker:
    """A worker of udev that gives a partition to mdadm: holds it exclusively for a second, unless the disk
    is locked."""

    def __init__(self, disk: str, partition: str, at: str) -> None:
        self._disk, self._partition, self._at = disk, partition, at
        self.was_locked: list[bool] = []

    def watch(self, line: str) -> None:
        """Acts when the operation `at` starts."""
        if self._at not in line or "[started]" not in line:
            return
        disk = os.open(self._disk, os.O_RDONLY)
        try:
            fcntl.flock(disk, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(disk)
            self.was_locked.append(True)
            return
        self.was_locked.append(False)
        held = os.open(self._partition, os.O_RDONLY | os.O_EXCL)

        def work() -> None:
            time.sleep(1)
            os.close(held)
            os.close(disk)

        threading.Thread(target=work).start()


@pytest.mark.parametrize("kind", ["array", "filesystem", "volume"])
def test_udev_holds_no_device_while_a_program_needs_it(kind: str, blank_disk: BlankDisk) -> None:
    """mdadm and wipefs do not wait for a device that is in use."""
    disk = blank_disk(size_mib=200)
    make_table(disk, [Part(n, (1 + 64 * (n - 1)) * MIB, 64 * MIB) for n in (1, 2)])
    first, second = members(disk, 1, 2)
    shell("mkfs.ext4", "-q", first)
    shell("udevadm", "settle")
    wanted, at = {
        "array": (array("data", [first, second]), 'creating "data"'),
        "filesystem": (
            {"filesystems": [filesystem(first, "vfat", wipeFilesystem=True)]},
            "wiping filesystem signatures",
        ),
        "volume": (luks.volume(first, wipeVolume=True), "wiping old signatures"),
    }[kind]
    worker = Worker(disk, first, at)
    succeed("disks", wanted, watch=worker.watch)
    assert worker.was_locked == [True]


def test_uuid_in_the_options_takes_precedence(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=200)
    uuid = "01020304:05060708:090a0b0c:0d0e0f10"
    wanted = partitioned(disk, 2, **array("data", members(disk, 1, 2), options=[f"--uuid={uuid}"]))
    succeed("disks", wanted)
    assert f"UUID : {uuid}" in detail("/dev/md/data")
    wait_until(lambda: "[UU]" in Path("/proc/mdstat").read_text())
