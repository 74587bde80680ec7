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
from ignition.system.probe import ProbeResult, ambivalent_types, decode, parse, probe

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
