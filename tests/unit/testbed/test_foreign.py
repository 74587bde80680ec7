# SPDX-License-Identifier: Apache-2.0
"""What is made of a disk image that a user gives, good or bad. The images are real ones."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed import overlay, ovmf
from ignition.testbed.foreign import FLATCAR_ENTRY, foreign_image
from ignition.testbed.images import FW_CFG_ENTRY
from ignition.testbed.partition_table import ESP
from ignition.testbed.programs import run

SIZE = 64 << 20
BIOS = "label: gpt\nsize=1M, type=21686148-6449-6E6F-744E-656564454649, name=BIOS-BOOT\n"
FCOS = BIOS + f"size=8M, type={ESP}, name=EFI-SYSTEM\nsize=8M, name=boot\nname=root\n"
FLATCAR = f"label: gpt\nsize=8M, type={ESP}, name=EFI-SYSTEM\n" + "".join(
    f"size=4M, name={name}\n" for name in ("USR-A", "USR-B", "OEM", "ROOT")
)
UEFI = f"label: gpt\nsize=8M, type={ESP}, name=esp\nname=root\n"


@pytest.fixture(autouse=True)
def _build_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("qemu-img") is None:
        pytest.skip("takes qemu-img (package qemu-utils)")
    monkeypatch.setenv("IGNITION_BUILD_DIR", str(tmp_path / "build"))


def disk(path: Path, table: str) -> Path:
    """A raw disk with a partition table that sfdisk writes."""
    with path.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(
        ["/usr/sbin/sfdisk", "-q", str(path)], input=table.encode(), check=True, timeout=60
    )
    return path


def qcow2(source: Path) -> Path:
    target = source.with_suffix(".qcow2")
    run(["qemu-img", "convert", "-O", "qcow2", source, target])
    return target


def kernel(folder: Path) -> Path:
    path = folder / "vmlinuz"
    path.write_bytes(bytes(0x1FE) + b"\x55\xaa\0\0HdrS" + bytes(512))
    return path


def refusal(path: Path, code: str) -> Failure:
    with pytest.raises(Failure) as caught:
        foreign_image(path)
    assert caught.value.code == code, caught.value
    return caught.value


@pytest.mark.parametrize("convert", [False, True], ids=["raw", "qcow2"])
@pytest.mark.parametrize(
    ("table", "firmware", "entry"),
    [
        pytest.param(FCOS, "bios", FW_CFG_ENTRY, id="BIOS boot partition and ESP"),
        pytest.param(BIOS, "bios", FW_CFG_ENTRY, id="BIOS boot partition"),
        pytest.param(UEFI, "uefi", FW_CFG_ENTRY, id="ESP alone"),
        pytest.param(FLATCAR, "uefi", FLATCAR_ENTRY, id="Flatcar"),
        pytest.param("label: dos\nsize=8M, type=ef\n", "uefi", FW_CFG_ENTRY, id="MBR with an ESP"),
    ],
)
def test_firmware_and_entry_follow_from_the_partition_table(
    tmp_path: Path, table: str, firmware: str, entry: str, convert: bool
) -> None:
    path = disk(tmp_path / "disk.raw", table)
    if convert:
        path = qcow2(path)
    if firmware == "uefi":
        try:
            ovmf.find()
        except Failure:
            assert refusal(path, "IGN8207").hint
            return
    image = foreign_image(path)
    assert (image.firmware, image.fw_cfg_entry) == (firmware, entry)
    assert image.disk_format == ("qcow2" if convert else "raw")
    assert (image.uefi is not None) == (firmware == "uefi")
    assert image.reporter == "config"


def test_boot_code_in_the_first_sector_means_bios(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", UEFI)
    with path.open("r+b") as file:
        file.write(b"\xeb\x63\x90")
    assert foreign_image(path).firmware == "bios"


def test_a_suffix_says_nothing(tmp_path: Path) -> None:
    path = qcow2(disk(tmp_path / "disk", BIOS)).rename(tmp_path / "disk.img")
    assert foreign_image(path).disk_format == "qcow2"


def test_firmware_that_the_disk_does_not_support(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no EFI system partition") as caught:
        foreign_image(disk(tmp_path / "disk", BIOS), firmware="uefi")
    assert caught.value.code == "IGN8209"
    with pytest.raises(Failure, match="no boot code"):
        foreign_image(disk(tmp_path / "disk", UEFI), firmware="bios")


def test_a_disk_without_boot_loader_takes_a_kernel(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", path, "8M"])
    assert "--kernel" in refusal(path, "IGN8209").hint
    initrd = tmp_path / "initrd"
    initrd.write_bytes(b"070701")
    image = foreign_image(
        path,
        kernel=kernel(tmp_path),
        initrd=initrd,
        append='ignition.firstboot root=/dev/vda  dyndbg="a  b" ignition.firstboot=1',
        reporter=False,
    )
    assert image.direct is not None
    assert image.direct.cmdline == 'root=/dev/vda  dyndbg="a  b"  console=ttyS0'
    assert image.reporter == "none"


def test_kernel_and_initramfs_belong_together(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", BIOS)
    empty = tmp_path / "empty"
    empty.touch()
    linux = kernel(tmp_path)
    for arguments in (
        {"kernel": linux},
        {"initrd": linux},
        {"append": "quiet"},
        {"kernel": linux, "initrd": empty},
        {"kernel": linux, "initrd": tmp_path / "none"},
        {"kernel": empty, "initrd": linux},
        {"kernel": tmp_path, "initrd": linux},
    ):
        with pytest.raises(Failure) as caught:
            foreign_image(path, **arguments)
        assert caught.value.code == "IGN8208"


def test_what_is_no_image(tmp_path: Path) -> None:
    for name, body in {"empty": b"", "zeros": bytes(SIZE), "text": b"# notes\n" * 999}.items():
        (tmp_path / name).write_bytes(body)
        refusal(tmp_path / name, "IGN8204")
    assert "--kernel" in refusal(kernel(tmp_path), "IGN8204").hint
    refusal(tmp_path, "IGN8201")
    os.mkfifo(tmp_path / "pipe")
    refusal(tmp_path / "pipe", "IGN8201")
    refusal(Path("/dev/zero"), "IGN8201")


def test_a_misspelt_name_gets_the_nearest(tmp_path: Path) -> None:
    disk(tmp_path / "fedora.raw", BIOS)
    assert str(tmp_path / "fedora.raw") in refusal(tmp_path / "fedroa.raw", "IGN8201").hint
    assert "no folder" in refusal(tmp_path / "none/disk", "IGN8201").hint


def test_a_name_with_a_null_byte_cannot_be_read() -> None:
    refusal(Path("a\0b"), "IGN8202")


def test_unreadable(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", BIOS)
    path.chmod(0)
    user = os.geteuid()
    if user == 0:  # root reads everything
        os.seteuid(65534)
    try:
        refusal(path, "IGN8202")
    finally:
        os.seteuid(user)


@pytest.mark.parametrize(
    ("driver", "options"),
    [("vmdk", ""), ("vpc", ""), ("vpc", "subformat=fixed"), ("vhdx", ""), ("vdi", "")],
)
def test_other_formats_get_the_command_that_converts_them(
    tmp_path: Path, driver: str, options: str
) -> None:
    path = tmp_path / f"disk.{driver}"
    raw = disk(tmp_path / "raw", BIOS)
    more = ["-o", options] if options else []
    run(["qemu-img", "convert", "-O", driver, *more, raw, path])
    command = refusal(path, "IGN8203").hint.split()
    subprocess.run(command, cwd=tmp_path, check=True)
    assert foreign_image(tmp_path / "disk.qcow2").firmware == "bios"


def test_compressed_and_packed_images(tmp_path: Path) -> None:
    raw = disk(tmp_path / "disk.raw", BIOS)
    packed = tmp_path / "disk.raw.gz"
    packed.write_bytes(gzip.compress(raw.read_bytes()[: 1 << 20]))
    raw.unlink()
    subprocess.run(refusal(packed, "IGN8203").hint.split(), check=True)
    assert raw.exists()
    for program in ("xz", "bzip2"):
        run([program, "--keep", raw])
    run(["tar", "-C", tmp_path, "-cf", tmp_path / "disk.tar", "disk.raw"])
    for name in ("disk.raw.xz", "disk.raw.bz2", "disk.tar"):
        refusal(tmp_path / name, "IGN8203")


def test_an_installer_cd_is_no_disk(tmp_path: Path) -> None:
    """Distributions make theirs bootable from USB sticks, so they have a partition table too."""
    path = disk(tmp_path / "live.iso", "label: dos\nsize=8M, type=ef\n")
    with path.open("r+b") as file:
        file.seek(32768)
        file.write(b"\x01CD001\x01")
    assert "disk image" in refusal(path, "IGN8203").hint


def test_truncated_images(tmp_path: Path) -> None:
    raw = disk(tmp_path / "disk", FCOS)
    with raw.open("r+b") as file:
        file.seek(40 << 20)
        file.write(os.urandom(1 << 20))
    image = qcow2(raw)
    os.truncate(raw, SIZE - 4096)  # without the second copy of the table
    foreign_image(raw)
    os.truncate(raw, SIZE // 2)
    assert "again" in refusal(raw, "IGN8205").hint
    os.truncate(image, image.stat().st_size - (1 << 19))
    assert "again" in refusal(image, "IGN8205").hint
    os.truncate(image, 60)
    refusal(image, "IGN8205")


def test_an_overlay_whose_base_is_missing(tmp_path: Path) -> None:
    base = qcow2(disk(tmp_path / "base", BIOS))
    upper = tmp_path / "overlay.qcow2"
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, upper])
    assert foreign_image(upper).firmware == "bios"
    base.unlink()
    assert str(base) in refusal(upper, "IGN8205").text


@pytest.mark.parametrize("driver", ["raw", "qcow2"])
def test_an_image_that_a_machine_writes_to(tmp_path: Path, driver: str) -> None:
    path = disk(tmp_path / "disk", BIOS)
    if driver == "qcow2":
        path = qcow2(path)
    image = foreign_image(path)
    argv = ["qemu-io", "-f", driver, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdin is not None and writer.stdout is not None
        writer.stdin.write(b"write 32M 512\n")
        writer.stdin.flush()
        writer.stdout.readline()  # the image is open
        assert "shut down" in refusal(path, "IGN8206").hint
        with pytest.raises(Failure, match="in use"):
            overlay.create(image, tmp_path)
        writer.stdin.close()


def test_disks_with_large_sectors(tmp_path: Path) -> None:
    """The same table with its header at another place."""
    path = disk(tmp_path / "disk", UEFI)
    with path.open("r+b") as file:
        file.seek(512)
        header = file.read(512)
        file.seek(512)
        file.write(bytes(512))
        file.seek(4096)
        file.write(header)
    assert "4096" in refusal(path, "IGN8209").text


def test_ovmf_is_found_where_distributions_install_it(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        ovmf.find(tmp_path)
    assert caught.value.code == "IGN8207"
    for code, store in reversed(ovmf.CANDIDATES):
        for name in (code, store):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        assert ovmf.find(tmp_path) == (tmp_path / code, tmp_path / store)
