# SPDX-License-Identifier: Apache-2.0
"""Devices built on each other in one run, in whichever order the config lists them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.machine.blockdevices import BlankDisk
from tests.machine.disks import luks
from tests.machine.disks.engine import Ran, run, succeed
from tests.machine.disks.filesystems import tags
from tests.machine.disks.tables import MIB, Part, make_table

Storage = dict[str, Any]

GUID = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(autouse=True)
def no_held_keys() -> Iterator[None]:
    yield
    shutil.rmtree("/run/ignition/keys", ignore_errors=True)


@pytest.fixture
def members(blank_disk: BlankDisk) -> list[str]:
    """Four empty partitions."""
    disk = blank_disk(size_mib=260)
    make_table(disk, [Part(n, (1 + 64 * (n - 1)) * MIB, 64 * MIB) for n in (1, 2, 3, 4)])
    return [f"{disk}p{n}" for n in (1, 2, 3, 4)]


def array(name: str, *devices: str, level: str = "raid1") -> Storage:
    return {"name": name, "level": level, "devices": list(devices)}


def ext4(device: str, label: str = "top") -> Storage:
    return {"device": device, "format": "ext4", "label": label}


def volume(name: str, device: str) -> Storage:
    entry: Storage = luks.volume(device, name=name)["luks"][0]
    return entry


def below(device: str) -> set[str]:
    """The types of all block devices that a device is built on, as lsblk names them."""
    command = ["lsblk", "--inverse", "--noheadings", "--list", "--output", "TYPE", device]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def twice(storage: Storage, top: str) -> Ran:
    """Applies a config twice: the second run changes nothing on the filesystem on top."""
    first = succeed("disks", storage)
    made = tags(top)
    assert made["TYPE"] == "ext4"
    again = succeed("disks", storage)
    assert tags(top) == made, again.text()
    for word in ('"--create"', '"luksFormat"', '"mkfs.ext4"', "creating partition"):
        assert not again.logged(word), again.text()
    return first


def test_array_of_arrays_listed_from_top_to_bottom(members: list[str]) -> None:
    arrays = [
        array("both", "/dev/md/left", "/dev/disk/by-id/md-name-any:right", level="raid0"),
        array("left", *members[:2]),
        array("right", *members[2:]),
    ]
    twice({"raid": arrays, "filesystems": [ext4("/dev/md/both")]}, "/dev/md/both")
    assert below("/dev/md/both") >= {"raid0", "raid1"}


def test_array_of_partitions_of_an_array_of_partitions(blank_disk: BlankDisk) -> None:
    disk = blank_disk(size_mib=300)
    storage = {
        "disks": [
            {
                "device": "/dev/md/lower",
                "partitions": [{"number": n, "sizeMiB": 48} for n in (1, 2)],
            },
            {"device": disk, "partitions": [{"number": n, "sizeMiB": 128} for n in (1, 2)]},
        ],
        "raid": [
            array("upper", "/dev/md/lower1", "/dev/disk/by-id/md-name-any:lower-part2"),
            array("lower", f"{disk}p1", f"{disk}p2"),
        ],
        "filesystems": [ext4("/dev/md/upper")],
    }
    first = twice(storage, "/dev/md/upper")
    assert "partition /dev/md/lower, once it exists" in first.summary


@pytest.mark.parametrize("link", ["by-partlabel/a\\x20part", f"by-partuuid/{GUID}"])
def test_array_and_filesystem_by_links_to_new_partitions(blank_disk: BlankDisk, link: str) -> None:
    disk = blank_disk(size_mib=130)
    parts = [
        {"number": 1, "label": "a part", "guid": GUID, "sizeMiB": 64},
        {"number": 2, "sizeMiB": 60},
    ]
    storage = {
        "disks": [{"device": disk, "partitions": parts}],
        "raid": [array("one", f"/dev/disk/{link}", f"{disk}p2")],
        "filesystems": [ext4("/dev/disk/by-id/md-name-any:one")],
    }
    twice(storage, "/dev/md/one")


def test_impossible_partitions_of_an_array_are_refused_before_it_is_made(
    members: list[str],
) -> None:
    storage = {
        "disks": [{"device": "/dev/md/one", "partitions": [{"number": -1}]}],
        "raid": [array("one", *members[:2])],
    }
    assert run("disks", storage).codes == ["IGN2111"]
    assert not os.path.exists("/dev/md/one")


def test_circle_of_arrays_is_refused_at_once(members: list[str]) -> None:
    storage = {
        "raid": [
            array("fine", *members[2:]),
            array("a", members[0], "/dev/md/b"),
            array("b", members[1], "/dev/md/a"),
        ]
    }
    ran = run("disks", storage, wait_device=60)
    assert ran.codes == ["IGN2118"]
    assert str(ran.failures[0].origin).endswith("/storage/raid/1")
    text = "(create array a of 2 devices) needs /dev/md/b, (create array b of 2 devices) needs /dev/md/a"
    assert text in ran.failures[0].text
    assert not os.path.exists("/dev/md/fine")


def test_array_of_volumes_and_a_volume_on_it(members: list[str]) -> None:
    storage = {
        "raid": [array("mirror", "/dev/mapper/one", "/dev/disk/by-id/dm-name-two")],
        "luks": [
            volume("outer", "/dev/md/mirror"),
            volume("one", members[0]),
            volume("two", members[1]),
        ],
        "filesystems": [ext4("/dev/disk/by-id/dm-name-outer")],
    }
    twice(storage, "/dev/mapper/outer")
    assert tags("/dev/md/mirror")["TYPE"] == tags(members[0])["TYPE"] == "crypto_LUKS"
    assert below("/dev/mapper/outer") >= {"crypt", "raid1"}


def test_volume_on_a_volume_listed_from_top_to_bottom(members: list[str]) -> None:
    storage = {
        "luks": [volume("inner", "/dev/mapper/out\\x20er"), volume("out er", members[0])],
        "filesystems": [ext4("/dev/mapper/inner")],
    }
    twice(storage, "/dev/mapper/inner")
    assert tags("/dev/mapper/out\\x20er")["TYPE"] == "crypto_LUKS"


@pytest.mark.parametrize("name", ["/dev/mapper/v", "/dev/disk/by-id/dm-name-v"])
def test_partitions_of_a_volume_are_refused(members: list[str], name: str) -> None:
    """Whether the volume is there already or not. Ignition waits for the volume before it makes it."""
    before = luks.contents(members[0])
    storage = {
        "disks": [{"device": name, "partitions": [{"number": 1}]}],
        "luks": [volume("v", members[0])],
    }
    ran = run("disks", storage, wait_device=60)
    assert ran.codes == ["IGN2119"]
    assert "encrypted volume v" in ran.failures[0].text
    assert luks.contents(members[0]) == before
    succeed("disks", {"luks": storage["luks"]})
    assert run("disks", storage).codes == ["IGN2119"]


def test_circles_with_volumes_are_refused_at_once(members: list[str]) -> None:
    before = luks.contents(members[0])
    storage = {
        "raid": [array("a", members[0], "/dev/disk/by-id/dm-name-v")],
        "luks": [volume("v", "/dev/md/a")],
    }
    ran = run("disks", storage, wait_device=60)
    assert ran.codes == ["IGN2118"]
    assert "v on /dev/md/a) needs /dev/md/a" in ran.failures[0].text
    ran = run("disks", {"luks": [volume("v", "/dev/mapper/v")]}, wait_device=60)
    assert ran.codes == ["IGN2118"]
    assert "which it creates itself" in ran.failures[0].text
    empty = {**volume("v", "/dev/mapper/v"), "keyFile": {"source": "data:,"}}
    assert run("disks", {"luks": [empty]}).codes == ["IGN2304", "IGN2118"]
    assert luks.contents(members[0]) == before
