# SPDX-License-Identifier: Apache-2.0
"""Disk images of a machine that is off, made by the programs that make them in a machine."""

from __future__ import annotations

import json
import struct
import subprocess
import uuid
from pathlib import Path

import pytest

from ignition.testbed import offline_disks, programs
from ignition.testbed.drives import Drive
from ignition.testbed.expectations.model import (
    Array,
    Disk,
    Expectation,
    File,
    Filesystem,
    Luks,
    Partition,
)
from ignition.testbed.offline_disks import OfflineDisks, look
from ignition.testbed.pictures import disk_views
from ignition.testbed.report import Report
from ignition.testbed.results import Status
from tests.support.judging import FAILED, HERE, NOT_DECIDED, PASSED, checks_of, failed, statuses

MIB = 1 << 20
SYSTEM = Drive(Path("system.qcow2"), "qcow2")
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
GUID = "5569c15d-0e6a-4a08-b00d-e8bb9efd43ec"
GPT = f"""label: gpt
start=2048, size=65536, name="my data", uuid={GUID}, type={LINUX}
start=67584, size=32768, name=crypt
start=100352, name=md
"""
CLEVIS = Path(__file__).with_name("clevis-metadata.json")


def command(*args: str | Path, text: str = "") -> None:
    environ = {"PATH": programs._path(), "LC_ALL": "C.UTF-8"}
    subprocess.run(args, input=text, text=True, check=True, capture_output=True, env=environ)


def empty(path: Path, mib: int) -> Path:
    with path.open("wb") as file:
        file.truncate(mib * MIB)
    return path


def partitioned(path: Path, table: str) -> Path:
    command("sfdisk", "--quiet", empty(path, 64), text=table)
    return path


def put(image: Path, offset: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def superblock(sectors: int, name: str) -> bytes:
    """The first member of a raid1, metadata 1.2, as in the kernel's md_p.h."""
    block = bytearray(256 + 2 * 2)
    struct.pack_into("<III", block, 0, 0xA92B4EFC, 1, 0)
    block[16:32] = uuid.UUID(GUID).bytes
    block[32:64] = name.encode().ljust(32, b"\0")
    struct.pack_into("<IIQ", block, 72, 1, 0, sectors - 2048)  # level, layout, size
    struct.pack_into("<II", block, 88, 0, 2)  # chunk size, disks
    struct.pack_into("<QQQ", block, 128, 2048, sectors - 2048, 8)  # data, its size, this block
    struct.pack_into("<I", block, 220, 2)  # roles
    struct.pack_into("<HH", block, 256, 0, 1)
    total = sum(struct.unpack(f"<{len(block) // 4}I", block))
    struct.pack_into("<I", block, 216, ((total & 0xFFFFFFFF) + (total >> 32)) & 0xFFFFFFFF)
    return bytes(block)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filesystem, a LUKS volume with a Clevis binding, and a member of an array."""
    folder = tmp_path_factory.mktemp("disks")
    image = partitioned(folder / "disk1", GPT)  # a name that ends in a digit
    command("mke2fs", "-q", "-t", "ext4", "-L", "my label", "-E", f"offset={MIB}", image, "32M")
    volume = empty(folder / "luks.img", 16)
    fast = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--luks2-keyslots-size", "4M")
    command("cryptsetup", "luksFormat", "-q", *fast, "--label", "hidden", volume, "-", text="key")
    token = json.loads(CLEVIS.read_text())["tokens"]["0"] | {"keyslots": ["0"]}
    command("cryptsetup", "token", "import", volume, text=json.dumps(token))
    put(image, 33 * MIB, volume.read_bytes())
    put(image, 49 * MIB + 4096, superblock((64 - 49) * 2048, "any:pool"))
    return image


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    """An overlay of 4 GiB, in which the machine made the swap space at the end."""
    folder = tmp_path_factory.mktemp("system")
    image = empty(folder / "image.img", 4096)
    table = "label: gpt\nsize=1GiB, name=boot\nsize=2GiB, name=var\nname=swap\n"
    command("sfdisk", "--quiet", image, text=table)
    command("mke2fs", "-q", "-t", "ext4", "-L", "boot", "-E", f"offset={MIB}", image, "1G")
    overlay = folder / "system.qcow2"
    backing = ("-F", "raw", "-b", image)
    command("qemu-img", "create", "-q", "-f", "qcow2", *backing, overlay)
    start = 1 + 1024 + 2048
    swap = empty(folder / "swap.img", 8)
    command("mkswap", "--quiet", "--label", "pages", swap)
    write(overlay, start * MIB, swap.read_bytes()[: 1 << 16])
    return Drive(overlay, "qcow2", serial="system")


def write(overlay: Path, offset: int, data: bytes) -> None:
    """As the machine does it."""
    source = overlay.with_suffix(".data")
    source.write_bytes(data)
    command("qemu-io", "-f", "qcow2", "-c", f"write -s {source} {offset} {len(data)}", overlay)


@pytest.fixture(scope="module")
def report(system: Drive, disk: Path) -> Report:
    return seen(look([system, Drive(disk, serial="data")]))


def seen(found: OfflineDisks) -> Report:
    return Report(devices=found.devices, luks=found.luks, from_images=found.devices is not None)


def test_the_table_is_compared(report: Report) -> None:
    data = Partition(place=HERE, number=1, label="my data", guid=GUID, type_guid=LINUX, size_mib=32)
    wanted = (data, Partition(place=HERE, label="md", size_mib=0, start_mib=49))
    for name in ("/dev/vdb", "/dev/disk/by-id/virtio-data"):
        found = statuses(Disk(place=HERE, device=name, table="gpt", partitions=wanted), report)
        assert set(found.values()) == {PASSED} and {"guid", "size", "start"} <= set(found)
    small = Disk(
        place=HERE, device="/dev/vdb", partitions=(Partition(place=HERE, number=1, size_mib=31),)
    )
    assert failed(small, report).found == "32 MiB"


@pytest.mark.parametrize(
    "name",
    [
        "/dev/vdb1",
        "/dev/disk/by-id/virtio-data-part1",
        "/dev/disk/by-label/my label",
        "/dev/disk/by-partlabel/my data",
    ],
)
def test_a_filesystem_is_compared(report: Report, name: str) -> None:
    right = Filesystem(place=HERE, device=name, format="ext4", label="my label")
    assert statuses(right, report) == {"format": PASSED, "label": PASSED}
    assert failed(Filesystem(place=HERE, device=name, format="xfs"), report).found == "ext4"


def test_the_system_disk_is_read_through_its_overlay(report: Report, system: Drive) -> None:
    rest = Partition(place=HERE, number=3, label="swap", start_mib=3073, size_mib=0)
    for item in (
        Disk(place=HERE, device="/dev/vda", table="gpt", partitions=(rest,)),
        Filesystem(place=HERE, device="/dev/vda1", format="ext4", label="boot"),
        Filesystem(place=HERE, device="/dev/vda2", format="none"),
        Filesystem(place=HERE, device="/dev/disk/by-partlabel/swap", format="swap", label="pages"),
    ):
        assert set(statuses(item, report).values()) == {PASSED}, item
    assert offline_disks.name_of([system], 0) == "/dev/vda"
    assert [path.name for path in system.image.parent.iterdir() if path.is_dir()] == []


def test_logical_partitions_are_found_through_an_overlay(tmp_path: Path) -> None:
    image = empty(tmp_path / "dos.img", 512)
    table = "label: dos\nsize=8MiB, type=83\ntype=5\nsize=200MiB, type=82\nsize=200MiB, type=83\n"
    command("sfdisk", "--quiet", image, text=table)
    overlay = tmp_path / "system.qcow2"
    command("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image, overlay)
    numbers = tuple(Partition(place=HERE, number=number) for number in (1, 2, 5, 6))
    item = Disk(place=HERE, device="/dev/vda", table="dos", partitions=numbers)
    assert set(statuses(item, seen(look([Drive(overlay, "qcow2")]))).values()) == {PASSED}


def test_the_members_of_an_array_are_known_and_no_more(report: Report) -> None:
    pool = Array(place=HERE, name="pool", level="raid1", devices=("/dev/vdb3",), spares=0)
    assert statuses(pool, report) == {
        "exists": PASSED,
        "devices": PASSED,
        "level": NOT_DECIDED,
        "spares": NOT_DECIDED,
    }
    assert failed(Array(place=HERE, name="pool", devices=("/dev/vdb1",)), report).prop == "devices"
    assert statuses(Array(place=HERE, name="tank"), report) == {"exists": NOT_DECIDED}


def test_a_luks_header_is_compared(report: Report) -> None:
    volume = Luks(
        place=HERE, name="x", device="/dev/vdb2", label="hidden", pins=("tang",), open=True
    )
    assert statuses(volume, report) == {
        "open": NOT_DECIDED,
        "exists": PASSED,
        "label": PASSED,
        "bindings": PASSED,
    }
    wrong = Luks(place=HERE, name="x", label="hidden", pins=("tpm2",))
    assert failed(wrong, report).prop == "bindings"
    assert statuses(Luks(place=HERE, name="x"), report) == {"exists": NOT_DECIDED}
    assert (
        failed(Luks(place=HERE, name="x", device="/dev/vdb1"), report).found == "ext4 on /dev/vdb1"
    )


@pytest.mark.parametrize(
    ("item", "status"),
    [
        (Disk(place=HERE, device="/dev/vdc", table="gpt"), NOT_DECIDED),
        (Disk(place=HERE, device="/dev/disk/by-id/coreos-boot-disk", table="gpt"), NOT_DECIDED),
        (Filesystem(place=HERE, device="/dev/vda4", format="ext4"), FAILED),
        (Filesystem(place=HERE, device="/dev/md/pool", format="ext4"), NOT_DECIDED),
        (Filesystem(place=HERE, device="/dev/mapper/x", format="ext4"), NOT_DECIDED),
        (Filesystem(place=HERE, device="/dev/disk/by-label/other", format="ext4"), NOT_DECIDED),
        (Filesystem(place=HERE, device="/dev/vdb4", format="ext4"), FAILED),
        (Array(place=HERE, name="pool", devices=("/dev/vdc",)), NOT_DECIDED),
        (Luks(place=HERE, name="x", device="/dev/vdb7"), FAILED),
        (File(place=HERE, path="/etc/motd"), NOT_DECIDED),
    ],
    ids=lambda value: getattr(value, "device", None) or type(value).__name__,
)
def test_what_is_out_of_sight_is_not_decided(
    report: Report, item: Expectation, status: Status
) -> None:
    found = checks_of(item, report)
    assert [check.status for check in found if check.status is not PASSED] == [status]
    assert all(check.reason for check in found if check.status is NOT_DECIDED)


def test_the_picture_shows_the_partitions(report: Report) -> None:
    _, view = disk_views(report)
    assert (view.device, view.size) == ("/dev/vdb", 64 * MIB)
    shown = [(one.number, one.start // MIB, one.label, one.contents) for one in view.partitions]
    assert shown == [
        (1, 1, "my data", "ext4"),
        (2, 33, "crypt", "LUKS"),
        (3, 49, "md", "linux_raid_member"),
    ]


def test_a_disk_without_a_table_may_hold_a_filesystem_or_nothing(
    tmp_path: Path, system: Drive
) -> None:
    swap, blank = empty(tmp_path / "swap.img", 8), empty(tmp_path / "blank.img", 8)
    command("mkswap", "--quiet", "--label", "pages", swap)
    report = seen(look([system, Drive(swap), Drive(blank)]))
    whole = Filesystem(place=HERE, device="/dev/vdb", format="swap", label="pages")
    assert set(statuses(whole, report).values()) == {PASSED}
    for item in (
        Filesystem(place=HERE, device="/dev/vdc", format="none"),
        Disk(place=HERE, device="/dev/vdc", table="none"),
    ):
        assert set(statuses(item, report).values()) == {PASSED}


def test_a_dos_table_has_logical_partitions(tmp_path: Path) -> None:
    table = "label: dos\nsize=8MiB, type=83\ntype=5\nsize=4MiB, type=82\n"
    report = seen(look([Drive(partitioned(tmp_path / "dos.img", table), bus="nvme")]))
    numbers = tuple(Partition(place=HERE, number=number) for number in (1, 2, 5))
    item = Disk(place=HERE, device="/dev/nvme0n1", table="dos", partitions=numbers)
    assert set(statuses(item, report).values()) == {PASSED}
    assert statuses(Filesystem(place=HERE, device="/dev/nvme0n1p5", format="none"), report)


def test_names_are_those_that_are_certain(tmp_path: Path) -> None:
    image = empty(tmp_path / "disk.img", 1)
    drives = [
        SYSTEM,
        *(Drive(image) for _ in range(26)),
        Drive(image, bus="nvme", serial="n"),
        Drive(image, bus="scsi", serial="s", wwn="5000c50015ea71aa"),
        Drive(image, bus="ide", serial="a", model="Big_Disk"),
        Drive(image, bus="scsi"),
    ]
    virtio, nvme, scsi, ata, nameless = (
        list(offline_disks._names(drives))[at] for at in range(26, 31)
    )
    folder = "/dev/disk/by-id"
    assert virtio == ("/dev/vdaa",)
    assert nvme == ("/dev/nvme0n1", f"{folder}/nvme-QEMU_NVMe_Ctrl_n")
    assert scsi == (
        f"{folder}/wwn-0x5000c50015ea71aa",
        f"{folder}/scsi-35000c50015ea71aa",
        f"{folder}/scsi-0QEMU_QEMU_HARDDISK_s",
    )
    assert ata == (f"{folder}/ata-Big_Disk_a",)
    assert nameless == (), "SCSI disks get their names in the order in which they answer"
    alone = list(offline_disks._names([SYSTEM, Drive(image, bus="scsi")]))
    assert alone[1] == ("/dev/sda",)


def test_without_the_programs_nothing_is_known(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_path", lambda: str(tmp_path))
    found = look([SYSTEM, Drive(disk)])
    assert found.devices is None
    (note,) = found.notes
    assert "blkid, sfdisk" in note and "apt-get install fdisk util-linux" in note
    item = Disk(place=HERE, device="/dev/vdb", table="gpt")
    assert statuses(item, seen(found)) == {"exists": NOT_DECIDED}


def test_a_disk_that_cannot_be_read_is_left_out_and_noted(disk: Path, tmp_path: Path) -> None:
    broken = tmp_path / "system.qcow2"
    broken.write_bytes(b"no qcow2")
    found = look([Drive(broken, "qcow2"), Drive(tmp_path / "gone.img"), Drive(disk)])
    assert {one.parent or one.path for one in found.devices or ()} == {"/dev/vdc"}
    system, data = found.notes
    assert system.startswith("/dev/vda was not read: qemu-img: ")
    assert data == "/dev/vdb was not read: no such file or directory"
    item = Disk(place=HERE, device="/dev/vdb", table="none")
    assert statuses(item, seen(found)) == {"exists": NOT_DECIDED}
