# SPDX-License-Identifier: Apache-2.0
"""What a guest writes goes to an overlay, never to the image."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed import overlay
from ignition.testbed.images import Image
from ignition.testbed.programs import run

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-img") is None, reason="takes qemu-img (package qemu-utils)"
)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    path = tmp_path / "a disk, with: odd name.raw"
    path.write_bytes(b"original" * 1024 * 64)
    return Image("test", path)


@pytest.mark.parametrize("disk_format", ["raw", "qcow2"])
def test_the_image_is_never_touched(tmp_path: Path, image: Image, disk_format: str) -> None:
    if disk_format == "qcow2":
        path = tmp_path / "disk.qcow2"
        run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", image.disk, path])
        image = Image("test", path, "qcow2")
    image.disk.chmod(0o444)
    before = (hashlib.sha256(image.disk.read_bytes()).digest(), image.disk.stat().st_mtime_ns)
    disk = overlay.create(image, tmp_path)
    run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 0 64k", disk])
    after = (hashlib.sha256(image.disk.read_bytes()).digest(), image.disk.stat().st_mtime_ns)
    assert after == before
    flat = tmp_path / "flat"
    run(["qemu-img", "convert", "-O", "raw", disk, flat])
    assert flat.read_bytes()[:16] == b"\7" * 16
    assert flat.read_bytes()[-8:] == b"original"


def test_a_name_relative_to_the_working_directory(
    tmp_path: Path, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "machine").mkdir()
    disk = overlay.create(Image("test", Path(image.disk.name)), tmp_path / "machine")
    run(["qemu-img", "info", disk])


def test_an_image_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        overlay.create(Image("test", tmp_path / "none"), tmp_path)
    assert caught.value.code == "IGN8205"
    assert not (tmp_path / overlay.NAME).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to mount")
@pytest.mark.parametrize("size", ["4M", "600M"])
def test_no_space(tmp_path: Path, image: Image, size: str) -> None:
    """Too small from the start, and filled up by somebody else."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", small], check=True)
    try:
        if size == "600M":
            overlay.create(image, small)
            with (small / "filler").open("wb") as filler:
                os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(small).free)
        with pytest.raises(Failure) as caught:
            overlay.create(image, small)
        assert caught.value.code == "IGN8210"
        assert "make room" in caught.value.hint
    finally:
        subprocess.run(["umount", small], check=True)
