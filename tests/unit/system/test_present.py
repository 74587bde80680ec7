# SPDX-License-Identifier: Apache-2.0
"""What the message about a missing device says is there. tests/machine/disks has real devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.origin import Origin
from ignition.base.settings import Settings
from ignition.system import devices, present

MACHINE = {
    "vda": ("10 GiB, ext4", ["vda1", "vda2", "vda10"]),
    "nvme0n1": ("476 GiB", ["nvme0n1p1"]),
    "loop0": ("1 GiB", []),
    "sr0": ("0", []),
}
LINKS = ["scsi-0QEMU_disk_data", "scsi-0QEMU_disk_root", "scsi-0QEMU_disk_root-part1", "wwn-0x5000"]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The disks of MACHINE in a made-up sysfs and udev database, and LINKS in by-id."""
    sysfs, database = tmp_path / "block", tmp_path / "data"
    database.mkdir()
    for at, (disk, (facts, parts)) in enumerate(MACHINE.items()):
        sizes = {disk: int(facts.partition(" ")[0]) << 30, **dict.fromkeys(parts, 300 << 20)}
        for name, size in sizes.items():
            folder = sysfs / disk / name if name != disk else sysfs / disk
            folder.mkdir(parents=True)
            (folder / "size").write_text(f"{size // 512}\n")
            if name != disk:
                (folder / "partition").write_text("1\n")
        if "ext4" in facts:
            (database / f"b{at}:0").write_text("S:disk/x\nE:ID_FS_TYPE=ext4\n")

    def find(path: str) -> tuple[str, str, str] | None:
        name = "vda" if Path(path).name in LINKS else Path(path).name
        for at, (disk, (_, parts)) in enumerate(MACHINE.items()):
            if name == disk:
                return f"/dev/{name}", f"{at}:0", str(sysfs / disk)
            if name in parts:
                return f"/dev/{name}", f"{at}:1", str(sysfs / disk / name)
        return None

    names = present._names
    by_id = "/dev/disk/by-id"
    monkeypatch.setattr(present, "_SYSFS", str(sysfs))
    monkeypatch.setattr(present, "_UDEV_DATABASE", str(database))
    monkeypatch.setattr(present, "_names", lambda path: LINKS if path == by_id else names(path))
    monkeypatch.setattr(present, "_find", find)
    return tmp_path


DISKS = "there are /dev/vda (10 GiB, ext4), /dev/nvme0n1 (476 GiB)"
ID = "/dev/disk/by-id"


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ("/dev/vdb", f"{DISKS}; did you mean /dev/vda?"),
        ("/dev/xyz", DISKS),
        ("/dev/loop7", "there are /dev/vda (10 GiB, ext4), /dev/loop0 (1 GiB), /dev/nvme0n1 (476 GiB)"
         "; did you mean /dev/loop0?"),
        ("/dev/vda3", "/dev/vda (10 GiB, ext4) has /dev/vda1 (300 MiB), /dev/vda2 (300 MiB), "
         "/dev/vda10 (300 MiB)"),
        ("/dev/nvme0n1p2", "/dev/nvme0n1 (476 GiB) has /dev/nvme0n1p1 (300 MiB)"),
        ("/dev/loop0p1", "/dev/loop0 (1 GiB) has no partitions"),
        (f"{ID}/scsi-0QEMU_disk_rot", f"{ID} has {ID}/scsi-0QEMU_disk_root (/dev/vda, 10 GiB, ext4), "
         f"{ID}/scsi-0QEMU_disk_data (/dev/vda, 10 GiB, ext4), "
         f"{ID}/scsi-0QEMU_disk_root-part1 (/dev/vda, 10 GiB, ext4), "
         f"{ID}/wwn-0x5000 (/dev/vda, 10 GiB, ext4); did you mean {ID}/scsi-0QEMU_disk_root?"),
        (f"{ID}//SCSI-0qemu_disk_root", f"did you mean {ID}/scsi-0QEMU_disk_root?"),
        ("/dev/disk/by-absent/x", DISKS),
        ("/dev/absent/x", DISKS),
    ],
)  # fmt: skip
def test_what_is_there(machine: Path, missing: str, text: str) -> None:
    found = present.describe(missing)
    assert found.endswith(text) if text.startswith("did") else found == text


def test_many_devices_are_counted(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present, "_partitions", lambda disk: ["vda1"] * 9)
    assert present.describe("/dev/vda3").endswith(" and 3 more")


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("", "abc", 3), ("vdb", "vda", 1), ("root", "boots", 2), ("a", "a", 0)],
)
def test_distance(one: str, other: str, steps: int) -> None:
    assert present.distance(one, other) == present.distance(other, one) == steps


def test_the_failure_and_a_long_wait_say_it(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_DESCRIBE_SECONDS", 0.0)
    settings = Settings()
    settings.wait_device = 1
    lines: list[str] = []
    log = Log(lambda level, text: None)
    with pytest.raises(Failure, match="/dev/vdb did not appear within 1 s") as failed:
        devices.wait_for_devices(log, settings, [("/dev/vdb", Origin("x"))], lines.append)
    assert f"{DISKS}; did you mean /dev/vda?; ignition.wait" in failed.value.hint
    assert lines[0].endswith(f" since 0 s; {DISKS}; did you mean /dev/vda?")
