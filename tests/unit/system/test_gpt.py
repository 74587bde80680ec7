# SPDX-License-Identifier: Apache-2.0
"""Reading and writing partition tables, compared with sfdisk and sgdisk, and on damaged disks."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ignition.system import gpt, gptwrite
from ignition.system.gpt import LINUX_DATA, Partition, Table

pytestmark = pytest.mark.skipif(
    not (shutil.which("sgdisk") and shutil.which("sfdisk")), reason="sgdisk, sfdisk not installed"
)

SECTORS = 65536
GUID = "ABCDEF01-2345-4678-9ABC-DEF012345678"
ONE = Partition(1, 2048, 2048, LINUX_DATA, GUID, "näme 😀", 1 << 2 | 1 << 40 | 1 << 60)


class Image:
    """A disk image of 512-byte sectors."""

    def __init__(self, path: Path, sectors: int = SECTORS) -> None:
        self.path = path
        self.sectors = sectors
        with path.open("wb") as file:
            file.truncate(sectors * 512)

    def grow(self, sectors: int) -> None:
        self.sectors = sectors
        os.truncate(self.path, sectors * 512)

    def put(self, sector: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(sector * 512)
            file.write(data)

    def get(self, sector: int, count: int = 1) -> bytes:
        with self.path.open("rb") as file:
            file.seek(sector * 512)
            return file.read(count * 512)

    def read(self) -> Table | None:
        device = os.open(self.path, os.O_RDONLY)
        try:
            return gpt.read(device, 512, self.sectors)
        finally:
            os.close(device)

    def write(self, *partitions: Partition, deleted: tuple[int, ...] = ()) -> None:
        device = os.open(self.path, os.O_RDWR)
        try:
            found = gpt.read(device, 512, self.sectors)
            base = found or gpt.empty(512, self.sectors)
            table = gptwrite.edit(base, list(deleted), list(partitions))
            gptwrite.write(device, table, 512, self.sectors, fresh=found is None)
        finally:
            os.close(device)

    def is_sound(self) -> bool:
        check = subprocess.run(["sgdisk", "--verify", self.path], capture_output=True, text=True)
        return "No problems found" in check.stdout


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path / "disk")


def by_sfdisk(image: Image, *rows: str) -> None:
    script = "label: gpt\n\n" + "\n".join(rows) + "\n"
    command = ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", str(image.path)]
    subprocess.run(command, input=script, text=True, check=True)


def test_blank_disk_has_no_table(image: Image) -> None:
    assert image.read() is None


def test_read_table_written_by_sfdisk(image: Image) -> None:
    by_sfdisk(
        image,
        f'3 : start=2048, size=100, uuid={GUID}, name="a b", attrs="LegacyBIOSBootable GUID:60"',
        "128 : start=4096, size=8",
    )
    table = image.read()
    assert table is not None
    assert table.partition(3) == Partition(3, 2048, 100, LINUX_DATA, GUID, "a b", 1 << 2 | 1 << 60)
    assert [one.number for one in table.partitions] == [3, 128]
    assert not table.damaged


def test_written_table_is_valid_and_can_be_read(image: Image) -> None:
    image.write(ONE)
    assert image.is_sound()
    table = image.read()
    assert table is not None
    assert table.partitions == (ONE,)
    assert (table.first_usable, table.last_usable) == (34, SECTORS - 34)
    image.write(Partition(2, 8192, 10, LINUX_DATA, GUID[::-1].replace("X", "0"), "b"))
    image.write(deleted=(1,))
    assert image.is_sound()
    after = image.read()
    assert after is not None
    assert [one.number for one in after.partitions] == [2]
    assert after.guid == table.guid


def test_unrelated_bytes_are_preserved(image: Image) -> None:
    """Boot code, a hybrid MBR, other entries."""
    by_sfdisk(image, "1 : start=2048, size=2048", 'name="other", start=8192, size=8')
    subprocess.run(["sgdisk", "--hybrid=1", image.path], check=True, capture_output=True)
    image.put(0, b"boot code")
    master, entries = image.get(0), image.get(2)
    image.write(Partition(9, 20480, 10, LINUX_DATA, GUID, ""))
    assert image.get(0) == master
    assert image.get(2) == entries


def test_backup_moves_to_the_end_of_a_grown_disk(image: Image) -> None:
    image.write(ONE)
    image.grow(2 * SECTORS)
    table = image.read()
    assert table is not None
    assert not table.damaged
    assert table.last_usable == SECTORS - 34, "free space ends at the old end, as for sgdisk"
    image.write(Partition(2, 8192, 10, LINUX_DATA, GUID, ""))
    assert image.is_sound()
    after = image.read()
    assert after is not None
    assert after.last_usable == 2 * SECTORS - 34


def bad_header(image: Image) -> None:
    image.put(1, os.urandom(512))


def no_header(image: Image) -> None:
    image.put(1, bytes(512))


def bad_entries(image: Image) -> None:
    image.put(2, os.urandom(512))


def bad_backup(image: Image) -> None:
    image.put(SECTORS - 1, os.urandom(512))


def bad_backup_entries(image: Image) -> None:
    image.put(SECTORS - 33, os.urandom(512))


def no_protective_mbr(image: Image) -> None:
    image.put(0, bytes(512))


def bad_both_headers(image: Image) -> None:
    bad_header(image)
    bad_backup(image)


def bad_mbr_and_header(image: Image) -> None:
    image.put(0, os.urandom(1024))


def bad_sum_of_both(image: Image) -> None:
    for sector in (1, SECTORS - 1):
        header = bytearray(image.get(sector))
        header[16] ^= 1
        image.put(sector, bytes(header))


def only_protective_mbr(image: Image) -> None:
    for sector in (1, SECTORS - 1):
        image.put(sector, bytes(512))


def shrunk(image: Image) -> None:
    image.grow(SECTORS - 100)


Damage = Callable[[Image], None]


@pytest.mark.parametrize(
    "damage",
    [bad_header, no_header, bad_entries, bad_backup, bad_backup_entries, no_protective_mbr],
)
def test_damaged_copy_is_repaired_from_the_other(image: Image, damage: Damage) -> None:
    image.write(ONE)
    damage(image)
    table = image.read()
    assert table is not None
    assert table.partitions == (ONE,)
    assert table.damaged
    image.write()
    assert image.is_sound()
    mended = image.read()
    assert mended is not None
    assert not mended.damaged
    assert mended.partitions == (ONE,)


@pytest.mark.parametrize(
    "damage",
    [bad_both_headers, bad_mbr_and_header, bad_sum_of_both, only_protective_mbr, shrunk],
)
def test_unreadable_table_is_not_no_table(image: Image, damage: Damage) -> None:
    image.write(ONE)
    damage(image)
    with pytest.raises(gpt.Unreadable):
        image.read()


def test_wiped_disk_has_no_table(image: Image) -> None:
    image.write(ONE)
    device = os.open(image.path, os.O_RDWR)
    gptwrite.wipe(device, image.read(), 512, SECTORS)
    os.close(device)
    assert image.read() is None
    assert not any(image.get(0, 34))
    assert not any(image.get(SECTORS - 33, 33))


class PowerLoss(Exception):
    """Power loss."""


@pytest.mark.parametrize("fresh", [True, False], ids=["new table", "changed table"])
def test_power_loss_between_two_writes_leaves_the_old_or_the_new_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: bool
) -> None:
    two = Partition(2, 8192, 10, LINUX_DATA, GUID, "new")
    real, states = gptwrite._write, set()
    for writes in range(6):
        image = Image(tmp_path / f"disk{writes}")
        if not fresh:
            image.write(ONE)
        left = writes

        def cut(device: int, offset: int, data: bytes) -> None:
            nonlocal left
            if not left:
                raise PowerLoss
            left -= 1
            real(device, offset, data)

        monkeypatch.setattr(gptwrite, "_write", cut)
        try:
            image.write(two)
        except PowerLoss:
            states.add("interrupted")
        else:
            states.add("complete")
        monkeypatch.setattr(gptwrite, "_write", real)
        table = image.read()
        found = [one.number for one in table.partitions] if table else []
        assert found in (([], [2]) if fresh else ([1], [1, 2]))
        # The next boot does the same again.
        image.write(two)
        assert image.is_sound()
    assert states == {"interrupted", "complete"}


def test_power_loss_on_a_disk_with_other_data_can_be_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = gptwrite._write
    for writes in range(7):
        image = Image(tmp_path / f"disk{writes}")
        image.put(0, b"XFSB".ljust(512, b"\1"))
        left = writes

        def cut(device: int, offset: int, data: bytes) -> None:
            nonlocal left
            if not left:
                raise PowerLoss
            left -= 1
            real(device, offset, data)

        monkeypatch.setattr(gptwrite, "_write", cut)
        try:
            image.write(ONE)
        except PowerLoss:
            pass
        monkeypatch.setattr(gptwrite, "_write", real)
        image.write(ONE)
        assert image.is_sound()
        assert image.get(0)[:4] in (b"XFSB", bytes(4))


def test_guid_round_trip() -> None:
    assert gpt.guid_text(gpt.guid_bytes(GUID)) == GUID
    assert gpt.guid_bytes(LINUX_DATA).hex() == "af3dc60f838472478e793d69d8477de4"
    made = gpt.guid_text(gptwrite.edit(gpt.empty(512, SECTORS), [], []).guid)
    assert made[14] == "4", "the version of random GUIDs"
    assert made[19] in "89AB"


def mbr(image: Image, *entries: tuple[int, int, int], signature: bytes = b"\x55\xaa") -> None:
    """Writes an MBR with these entries (type, start, size)."""
    rows = b"".join(
        bytes((0, 0, 2, 0, kind, 255, 255, 255)) + struct.pack("<II", start, size)
        for kind, start, size in entries
    )
    image.put(0, (bytes(440) + b"\1\2\3\4\0\0" + rows).ljust(510, b"\0") + signature)


def no_second(image: Image) -> None:
    image.put(SECTORS - 1, bytes(512))


def nothing_more(image: Image) -> None:
    pass


MBRS = {
    "a partition": [(0x83, 2048, 8192)],
    "no partition": [],
    "only an EFI one": [(0xEF, 1, SECTORS - 1)],
    "only an EFI one further on": [(0xEF, 2048, 8192)],
    "an extended one": [(0x05, 2048, 8192)],
    "one of a BSD": [(0xA5, 2048, 8192)],
    "beyond the end": [(0x83, 2048, 4 * SECTORS)],
}


@pytest.mark.parametrize("behind", [nothing_more, no_header, bad_header, no_second])
@pytest.mark.parametrize("entries", MBRS.values(), ids=MBRS)
def test_mbr_without_protective_entry_is_an_mbr(
    image: Image, entries: list[tuple[int, int, int]], behind: Damage
) -> None:
    """Remains of an old GPT do not matter, as for blkid and sgdisk."""
    image.write(ONE)
    behind(image)
    mbr(image, *entries)
    assert image.read() is None
    assert "PTTYPE=dos" in blkid(image)
    assert subprocess.run(["sgdisk", "-p", image.path], capture_output=True).returncode == 2


PROTECTIVE = {
    "plain": [(0xEE, 1, SECTORS - 1)],
    "in the second slot": [(0, 0, 0), (0xEE, 1, SECTORS - 1)],
    "too small": [(0xEE, 1, 100)],
    "from sector 0": [(0xEE, 0, SECTORS)],
    "hybrid": [(0xEE, 1, 2047), (0x83, 2048, 2048)],
    "hybrid, protected behind": [(0x83, 2048, 2048), (0xEE, 4096, 2047)],
    "hybrid with an EFI partition": [(0xEE, 1, 2047), (0xEF, 2048, 2048)],
}


@pytest.mark.parametrize("entries", PROTECTIVE.values(), ids=PROTECTIVE)
def test_any_protective_mbr_means_a_gpt(image: Image, entries: list[tuple[int, int, int]]) -> None:
    image.write(ONE)
    mbr(image, *entries)
    table = image.read()
    assert table is not None
    assert (table.partitions, table.damaged) == ((ONE,), "")
    assert "PTTYPE=gpt" in blkid(image)
    first = image.get(0)
    image.write(Partition(2, 8192, 10, LINUX_DATA, GUID, ""))
    plain = len([one for one in entries if one[0]]) == 1 and entries[0][0]
    if plain:  # the kernel only accepts an entry that begins at sector 1
        assert image.get(0)[446:462] == bytes.fromhex("00000200eeffffff01000000ffff0000")
    else:
        assert image.get(0) == first


NO_MBR = {
    "no signature": lambda image: image.put(0, image.get(0)[:510] + bytes(2)),
    "partitions without a signature": lambda image: mbr(image, (0x83, 2048, 9), signature=b"\0\0"),
    "boot code": lambda image: image.put(0, b"GRUB".ljust(512, b"\0")),
    "something else": lambda image: image.put(0, b"XFSB".ljust(512, b"\1")),
}


@pytest.mark.parametrize("spoil", NO_MBR.values(), ids=NO_MBR)
def test_foreign_first_sector_is_not_an_interrupted_write(image: Image, spoil: Damage) -> None:
    image.write(ONE)
    spoil(image)
    with pytest.raises(gpt.Unreadable, match="neither a protective MBR nor empty"):
        image.read()


@pytest.mark.parametrize(("made_for", "shown"), [(4096, 512), (512, 4096)])
def test_gpt_for_another_sector_size_is_reported(image: Image, made_for: int, shown: int) -> None:
    device = os.open(image.path, os.O_RDWR)
    try:
        sectors = SECTORS * 512 // made_for
        table = gptwrite.edit(gpt.empty(made_for, sectors), [], [])
        gptwrite.write(device, table, made_for, sectors, fresh=True)
        with pytest.raises(gpt.Unreadable, match=f"made for sectors of {made_for} bytes"):
            gpt.read(device, shown, SECTORS * 512 // shown)
    finally:
        os.close(device)


def test_differing_backup_is_repaired(image: Image) -> None:
    image.write(ONE)
    second = image.get(SECTORS - 33, 33)
    image.write(Partition(2, 8192, 10, LINUX_DATA, GUID, "new"))
    image.put(SECTORS - 33, second)
    table = image.read()
    assert table is not None
    assert [one.number for one in table.partitions] == [1, 2], "same as the kernel and sgdisk"
    assert "differs" in table.damaged
    image.write()
    assert image.is_sound()


def blkid(image: Image) -> str:
    command = ["blkid", "--probe", "--output", "export", str(image.path)]
    return subprocess.run(command, capture_output=True, text=True).stdout


SPOILED = {
    "overlapping": [(1, 2048, 4096), (2, 4096, 4096)],
    "ending before it begins": [(1, 4096, -10)],
    "beyond the end": [(1, 2048, 10 * SECTORS)],
    "over the second copy": [(1, 2048, SECTORS - 2048 - 10)],
    "over the first copy": [(1, 0, 900)],
}


@pytest.mark.parametrize("geometry", SPOILED.values(), ids=SPOILED)
def test_table_that_sgdisk_refuses_has_a_layout_error(
    image: Image, geometry: list[tuple[int, int, int]]
) -> None:
    parts = [
        Partition(n, start, size, LINUX_DATA, f"{GUID[:-1]}{n}", "") for n, start, size in geometry
    ]
    image.write(*parts)
    table = image.read()
    assert table is not None
    assert gpt.layout_error(table, 512, SECTORS)
    command = ["sgdisk", "--new=9:40000:+8", str(image.path)]
    assert subprocess.run(command, capture_output=True).returncode == 4
    for one in parts:
        image.write(deleted=(one.number,))
    mended = image.read()
    assert mended is not None
    assert not gpt.layout_error(mended, 512, SECTORS)
