# SPDX-License-Identifier: Apache-2.0
"""Arrays on real block devices."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks import luks
from tests.machine.disks.arrays import array, detail
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import tags
from tests.machine.disks.tables import MIB, Part, make_table, wait_until


@pytest.fixture
def members(blank_disk: BlankDisk) -> list[str]:
    """Four empty partitions."""
    disk = blank_disk(size_mib=260)
    make_table(disk, [Part(n, (1 + 64 * (n - 1)) * MIB, 64 * MIB) for n in (1, 2, 3, 4)])
    return [f"{disk}p{n}" for n in (1, 2, 3, 4)]


def test_array_is_created_and_kept_by_a_second_run(members: list[str]) -> None:
    wanted = array("data", members[:2], options=["--metadata=1.0"])
    wanted["filesystems"] = [{"device": "/dev/md/data", "format": "ext4", "label": "onraid"}]
    ran = succeed("disks", wanted)
    assert ran.logged(
        '"--create" "/dev/md/data" "--force" "--run" "--homehost" "any" "--level" "raid1"'
    )
    text = detail("/dev/md/data")
    assert "Version : 1.0" in text
    assert "Raid Devices : 2" in text
    assert "any:data" in text
    made = tags("/dev/md/data")
    assert (made["TYPE"], made["LABEL"]) == ("ext4", "onraid")
    assert succeed("disks", wanted).summary == [
        "keep array data of 2 devices",
        "keep ext4 on /dev/md/data",
    ]
    assert tags("/dev/md/data") == made
    other = run("disks", array("data", members[1:3]))
    assert other.codes == ["IGN2201"]
    other = run("disks", array("other", members[:2]))
    assert other.codes == ["IGN2201"]
    other = run("disks", array("data", members[:2], level="raid0"))
    assert "with level raid1" in str(other.failures[0])


def test_spare_and_a_path_as_name(members: list[str]) -> None:
    succeed("disks", array("/dev/md/x", members[:3], level="mirror", spares=1))
    wait_until(lambda: "Spare Devices : 1" in detail("/dev/md/x"))
    assert "Raid Devices : 2" in detail("/dev/md/x")


def test_names_of_folders_in_the_working_directory(
    members: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine runs in /, where an array or a volume may have the name of a folder."""
    monkeypatch.chdir("/")
    wanted = array("var", members[:2])
    wanted["raid"] += array("root", members[2:])["raid"]
    wanted |= luks.volume("/dev/md/var", name="home")
    wanted["filesystems"] = [
        {"device": "/dev/mapper/home", "format": "ext4", "label": "etc"},
        {"device": "/dev/md/root", "format": "swap", "label": "-opt"},
    ]
    succeed("disks", wanted)
    assert "any:var" in detail("/dev/md/var")
    assert "any:root" in detail("/dev/md/root")
    for number, name in ((members[0], "var"), (members[2], "root")):
        examined = subprocess.run(
            ["mdadm", "--examine", number], check=True, capture_output=True, text=True
        )
        assert f"Name : any:{name}\n" in examined.stdout
        link = f"/dev/disk/by-id/md-name-any:{name}"
        assert os.path.realpath(link) == os.path.realpath(f"/dev/md/{name}")
    assert tags("/dev/mapper/home")["LABEL"] == "etc"
    assert tags("/dev/md/root")["LABEL"] == "-opt"
    again = succeed("disks", wanted)
    for program in ('"--create"', '"luksFormat"', 'executing: "mk'):
        assert not again.logged(program), again.text()


def test_name_of_another_array_is_refused(members: list[str]) -> None:
    succeed("disks", array("data", members[:2]))
    before = detail("/dev/md/data")
    ran = run("disks", array("data", members[2:]))
    assert ran.codes == ["IGN2201"]
    assert "/dev/md/data is there already, on other devices" in str(ran.failures[0])
    assert str(ran.failures[0].origin).endswith("/storage/raid/0/name")
    assert detail("/dev/md/data") == before


def test_array_of_partitions_of_the_same_run(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=200)
    storage = array("stripes", [f"{disk}p{n}" for n in (1, 2)], level="raid0")
    storage["disks"] = [
        {"device": disk, "partitions": [{"number": n, "sizeMiB": 64} for n in (1, 2)]}
    ]
    storage["filesystems"] = [{"device": "/dev/md/stripes", "format": "vfat"}]
    ran = succeed("disks", storage)
    assert ran.summary[1] == "create array stripes of 2 devices"
    assert tags("/dev/md/stripes")["TYPE"] == "vfat"


def test_old_superblocks_are_overwritten(members: list[str]) -> None:
    subprocess.run(
        ["mdadm", "-q", "--create", "/dev/md/old", "--run", "-l1", "-n2", *members[:2]], check=True
    )
    subprocess.run(["mdadm", "-q", "--stop", "/dev/md/old"], check=True)
    succeed("disks", array("new", members[:2]))
    assert "any:new" in detail("/dev/md/new")


def test_member_in_use_is_refused(members: list[str]) -> None:
    subprocess.run(["mkfs.ext4", "-q", members[0]], check=True)
    Path("/run/machine/mnt").mkdir(exist_ok=True)
    subprocess.run(["mount", members[0], "/run/machine/mnt"], check=True)
    ran = run("disks", array("data", members[:2]))
    assert ran.codes == ["IGN2202"]
    assert str(ran.failures[0].origin).endswith("/storage/raid/0/devices/0")


def test_mdadm_error_is_reported(members: list[str]) -> None:
    ran = run("disks", array("data", members[:2], level="raid1", options=["--nonsense"]))
    assert ran.codes == ["IGN7002"]
    assert "nonsense" in str(ran.failures[0])
    assert not os.path.exists("/dev/md/data")


def test_device_in_two_arrays_is_refused_before_the_first_is_created(members: list[str]) -> None:
    storage = array("one", members[:2])
    storage["raid"] += array("two", members[1:3])["raid"]
    ran = run("disks", storage)
    assert ran.codes == ["IGN2202"]
    assert str(ran.failures[0].origin).endswith("/storage/raid/1/devices/0")
    assert not os.path.exists("/dev/md/one")
