# SPDX-License-Identifier: Apache-2.0
"""blkid's output for images, and how it is parsed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.system.probe import (
    ProbeResult,
    ambivalent_types,
    decode,
    is_blank,
    parse,
    probe,
)

needs_blkid = pytest.mark.skipif(
    not (shutil.which("blkid") and shutil.which("mkfs.ext4")), reason="blkid, mkfs.ext4 missing"
)


def probe_image(path: Path) -> ProbeResult:
    return probe(Log(lambda level, text: None), Settings(), str(path))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    with path.open("wb") as file:
        file.truncate(8 << 20)
    return path


@needs_blkid
def test_blank_image(image: Path) -> None:
    assert probe_image(image) == ProbeResult()


@pytest.mark.parametrize("size", [512, 1 << 20, 8 << 20, (8 << 20) + 512])
def test_blank_image_is_not_probed_by_a_program(tmp_path: Path, size: int) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(size))
    settings = Settings()
    settings.programs = {"blkid": "/bin/false"}
    assert probe(Log(lambda level, text: None), settings, str(image)) == ProbeResult()
    image.write_bytes(bytes(size - 1) + b"\1")
    with pytest.raises(Failure):
        probe(Log(lambda level, text: None), settings, str(image))


@pytest.mark.parametrize("offset", [0, 0x1FE, 1 << 20, 2 << 20, 4 << 20, -(3087 << 9), -4096, -1])
def test_image_that_is_not_blank(image: Path, offset: int) -> None:
    assert is_blank(str(image))
    with image.open("r+b") as file:
        file.seek(offset, 2 if offset < 0 else 0)
        file.write(b"\1")
    assert not is_blank(str(image))


@pytest.mark.parametrize("path", ["absent", "empty"])
def test_what_has_no_contents_is_not_blank(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert not is_blank(str(tmp_path / path))


@pytest.mark.skipif(shutil.which("sfdisk") is None, reason="sfdisk is not installed")
def test_table_of_which_only_the_backup_is_left(image: Path) -> None:
    subprocess.run(["sfdisk", "-q", image], input="label: gpt\n", text=True, check=True)
    with image.open("r+b") as file:
        file.write(bytes(1 << 20))
    assert not is_blank(str(image))


@needs_blkid
@pytest.mark.parametrize("label", ["plain", 'a b"\\ü', "", "x=y"])
def test_filesystem_with_any_label(image: Path, label: str) -> None:
    uuid = "0f0e0d0c-1111-4222-8333-444455556666"
    subprocess.run(["mkfs.ext4", "-q", "-U", uuid, "-L", label, image], check=True)
    assert probe_image(image) == ProbeResult("ext4", uuid, label)


@needs_blkid
@pytest.mark.skipif(shutil.which("sfdisk") is None, reason="sfdisk is not installed")
def test_partition_table(image: Path) -> None:
    subprocess.run(["sfdisk", "-q", image], input="label: dos\n", text=True, check=True)
    assert probe_image(image) == ProbeResult(table="dos")


@needs_blkid
def test_missing_device(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        probe_image(tmp_path / "absent")
    assert caught.value.code == "IGN2004"


def test_describe_probe_result() -> None:
    assert str(ProbeResult("ext4", "1-2", "a")) == "ext4 labelled 'a' with UUID 1-2"
    assert str(ProbeResult(table="dos")) == "a partition table (dos)"
    assert str(ProbeResult()) == "nothing"


def test_ambivalent_signatures() -> None:
    output = "ID_FS_AMBIVALENT=filesystem:ext4:1.0 filesystem:zfs_member:5000 \n"
    assert ambivalent_types(output) == ["ext4", "zfs_member"]
    assert parse(output) == ProbeResult()


@pytest.mark.parametrize(
    "text, plain", [("a\\x20b", "a b"), ("\\x5cx", "\\x"), ("\\xc3\\xbc", "ü"), ("é", "é")]
)
def test_decoding(text: str, plain: str) -> None:
    assert decode(text) == plain
