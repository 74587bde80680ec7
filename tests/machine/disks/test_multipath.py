# SPDX-License-Identifier: Apache-2.0
"""Multipath disks: two loop devices over one file are the paths, and kpartx maps the partitions.

multipathd is left out; dmsetup creates the same table. udev runs kpartx, which calls the partitions
`NAME-partN` in Debian and `NAMEpN` elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.machine.blockdevices import release
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import shell, tags
from tests.machine.disks.tables import MIB, fingerprint

Entry = dict[str, Any]
NAME, SERIAL = "mpatha", "36000abcd"
DEBIAN_RULES = "/lib/udev/rules.d/60-kpartx.rules"
OTHER_RULES = "/run/udev/rules.d/60-kpartx.rules"


class Multipath(NamedTuple):
    disk: str
    legs: tuple[str, str]
    separator: str

    def partition(self, number: int) -> str:
        return f"{self.disk}{self.separator}{number}"


@pytest.fixture
def multipath(request: pytest.FixtureRequest) -> Iterator[Multipath]:
    """A disk of 256 MiB with two paths. The parameter comes between its name and a number."""
    separator = getattr(request, "param", "-part")
    if separator == "p":
        rules = Path(DEBIAN_RULES).read_text()
        assert "kpartx -un -p -part" in rules
        Path(OTHER_RULES).parent.mkdir(exist_ok=True)
        Path(OTHER_RULES).write_text(rules.replace("-p -part", "-p p"))
        shell("udevadm", "control", "--reload")
    image = Path("/run/machine/multipath.img")
    with image.open("wb") as file:
        file.truncate(256 << 20)
    legs = [shell("losetup", "--find", "--show", str(image)).strip() for _ in (1, 2)]
    paths = f"round-robin 0 2 1 {legs[0]} 1 {legs[1]} 1"
    table = f"0 {256 * MIB} multipath 1 queue_if_no_path 0 1 1 {paths}"
    shell("dmsetup", "create", NAME, "--uuid", f"mpath-{SERIAL}", "--table", table)
    shell("udevadm", "settle")
    yield Multipath(f"/dev/mapper/{NAME}", (legs[0], legs[1]), separator)
    shell("udevadm", "settle")
    release(Path("/sys/block", Path(legs[0]).name))
    shell("udevadm", "settle")
    for leg in legs:
        shell("losetup", "--detach", leg)
    image.unlink()
    Path(OTHER_RULES).unlink(missing_ok=True)
    shell("udevadm", "control", "--reload")


def disks(device: str, *partitions: Entry, **more: Any) -> dict[str, Any]:
    return {"disks": [{"device": device, "partitions": list(partitions), **more}]}


def mapped() -> dict[int, tuple[int, int]]:
    """Number -> start and size in sectors, as dmsetup shows the mapped partitions."""
    found = {}
    for line in shell("dmsetup", "table").splitlines():
        name, _, row = line.partition(": ")
        words = row.split()
        if name.startswith(NAME) and words[2] == "linear":
            found[int(name.removeprefix(NAME).lstrip("-part"))] = (int(words[4]), int(words[1]))
    return dict(sorted(found.items()))


def written(disk: str) -> dict[int, tuple[int, int]]:
    """Like `mapped`, as sgdisk reads the table."""
    rows = [line.split() for line in shell("sgdisk", "--print", disk).splitlines()]
    found = [[int(word) for word in row[:3]] for row in rows if row and row[0].isdigit()]
    return {number: (start, last - start + 1) for number, start, last in found}


def refused(multipath: Multipath, storage: dict[str, Any], *codes: str) -> str:
    before = fingerprint(multipath.disk), mapped()
    ran = run("disks", storage)
    assert ran.codes and ran.codes[0] in codes, ran.text()
    assert (fingerprint(multipath.disk), mapped()) == before
    return ran.text()


@pytest.mark.parametrize(
    "multipath", ["-part", "p"], ids=["named as in Debian", "named as elsewhere"], indirect=True
)
def test_partitions_are_created_resized_and_deleted(multipath: Multipath) -> None:
    disk = multipath.disk
    storage = disks(disk, {"number": 1, "sizeMiB": 64, "label": "a"}, {"label": "b", "sizeMiB": 32})
    storage["filesystems"] = [{"device": multipath.partition(1), "format": "ext4", "label": "onmp"}]
    succeed("disks", storage)
    assert written(disk) == mapped() == {1: (MIB, 64 * MIB), 2: (65 * MIB, 32 * MIB)}
    assert tags(multipath.partition(1))["LABEL"] == "onmp"
    assert "no changes" in succeed("disks", storage).summary[0]
    ran = succeed(
        "disks",
        disks(
            disk,
            {"number": 1, "label": "a"},
            {"number": 2, "label": "b", "sizeMiB": 100, "resize": True},
            {"number": 3, "sizeMiB": 8},
        ),
    )
    assert ran.summary == [f"partition {disk}: create 1, resize 1"]
    assert written(disk) == mapped()
    assert mapped()[2] == (65 * MIB, 100 * MIB)
    assert tags(multipath.partition(1))["LABEL"] == "onmp"
    gone = {"shouldExist": False, "wipePartitionEntry": True}
    succeed("disks", disks(disk, {"number": 2, **gone}))
    assert written(disk) == mapped()
    assert list(mapped()) == [1, 3]
    assert not os.path.exists(multipath.partition(2))
    succeed("disks", disks(disk, {"number": 1, "sizeMiB": 16}, wipeTable=True))
    assert written(disk) == mapped() == {1: (MIB, 16 * MIB)}


def test_paths_of_a_multipath_disk_are_refused(multipath: Multipath) -> None:
    succeed("disks", disks(multipath.disk, {"number": 1, "sizeMiB": 8}))
    for leg in multipath.legs:
        for storage in (disks(leg, {"number": 2, "sizeMiB": 8}), disks(leg, wipeTable=True)):
            assert "is built on it" in refused(multipath, storage, "IGN2105")
        filesystem = {"device": leg, "format": "ext4", "wipeFilesystem": True}
        assert "is built on it" in refused(multipath, {"filesystems": [filesystem]}, "IGN2402")


def test_partition_in_use(multipath: Multipath) -> None:
    """Ignition detects the mount, but neither the swap nor a volume on a partition."""
    disk, one = multipath.disk, multipath.partition(1)
    succeed("disks", disks(disk, {"number": 1, "sizeMiB": 64, "label": "one"}))
    resize = disks(disk, {"number": 1, "label": "one", "sizeMiB": 32, "resize": True})
    delete = disks(disk, {"number": 1, "shouldExist": False, "wipePartitionEntry": True})
    wipe = disks(disk, wipeTable=True)

    def refuse_all(text: str) -> None:
        for storage in (resize, delete, wipe):
            assert text in refused(multipath, storage, "IGN2106", "IGN2107")
        mkfs = {"filesystems": [{"device": one, "format": "ext4", "wipeFilesystem": True}]}
        refused(multipath, mkfs, "IGN2402")
        succeed("disks", disks(disk, {"number": 1, "label": "one"}))

    shell("mkfs.ext4", "-q", one)
    Path("/run/machine/mnt").mkdir(exist_ok=True)
    # Read-only, because the kernel would write to it asynchronously.
    shell("mount", "-o", "ro", one, "/run/machine/mnt")
    refuse_all("is mounted on /run/machine/mnt")
    shell("umount", "/run/machine/mnt")
    shell("mkswap", "-q", one)
    shell("swapon", one)
    refuse_all("swap")
    shell("swapoff", one)
    key = ("--key-file=/proc/version", "--batch-mode")
    fast = ("--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000")
    shell("cryptsetup", "luksFormat", *key, *fast, one)
    shell("cryptsetup", "luksOpen", *key, one, "secret")
    refuse_all("is built on it")
    shell("cryptsetup", "luksClose", "secret")
    succeed("disks", delete)
    assert mapped() == {}


def test_mounted_filesystem_of_an_earlier_run_is_kept(multipath: Multipath) -> None:
    """As on any other disk: between two runs with the same config, the system may mount what it finds."""
    one = multipath.partition(1)
    storage = disks(multipath.disk, {"number": 1, "sizeMiB": 64})
    storage["filesystems"] = [{"device": one, "format": "ext4", "wipeFilesystem": True}]
    succeed("disks", storage)
    made = tags(one)
    shell("mount", one, "/mnt")
    assert succeed("disks", storage).logged("keeping it")
    shell("umount", "/mnt")
    assert tags(one) == made
    storage["filesystems"][0]["label"] = "other"
    shell("mount", "-o", "ro", one, "/mnt")
    refused(multipath, storage, "IGN2402")
    shell("umount", "/mnt")


def test_volume_on_the_whole_disk_is_not_overwritten(multipath: Multipath) -> None:
    disk = multipath.disk
    shell("dmsetup", "create", "held", "--table", f"0 2048 linear {disk} 0")
    for storage in (disks(disk, {"number": 1, "sizeMiB": 8}), disks(disk, wipeTable=True)):
        assert "exclusively" in refused(multipath, storage, "IGN2105")


def test_partition_as_a_disk_is_refused(multipath: Multipath) -> None:
    succeed("disks", disks(multipath.disk, {"number": 1, "sizeMiB": 8}))
    one = multipath.partition(1)
    text = refused(multipath, disks(one, {"number": 1, "sizeMiB": 1}), "IGN2112")
    assert f"is a partition of {os.path.realpath(multipath.disk)}" in text
    assert list(written(multipath.disk)) == [1]
