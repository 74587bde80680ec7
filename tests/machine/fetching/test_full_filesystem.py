# SPDX-License-Identifier: Apache-2.0
"""Bodies that do not fit on real filesystems: refused in time, and always with the reason."""

from __future__ import annotations

import base64
import os
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.origin import Origin
from ignition.base.settings import Settings
from ignition.config.model import Resource
from ignition.resource import body, free_space
from ignition.resource.context import FetchContext
from ignition.resource.fetch import fetch_to
from tests.machine.blockdevices import BlankDisk

ORIGIN = Origin("config.ign", "/storage/files/0/contents")
SIZES = {"ext4": 128, "xfs": 320, "btrfs": 160, "vfat": 64, "tmpfs": 40}
"""MiB; small but valid."""
Mount = Callable[[str], Path]


@pytest.fixture
def mount(blank_disk: BlankDisk, tmp_path: Path) -> Iterator[Mount]:
    """Creates a small filesystem and returns its mount point."""
    place = tmp_path / "full"
    place.mkdir()

    def mount(kind: str) -> Path:
        if kind == "tmpfs":
            command = ["mount", "-t", "tmpfs", "-o", f"size={SIZES[kind]}m", "tmpfs", str(place)]
        else:
            disk = blank_disk(size_mib=SIZES[kind])
            subprocess.run([f"mkfs.{kind}", disk], check=True, capture_output=True)
            command = ["mount", disk, str(place)]
        subprocess.run(command, check=True)
        return place

    yield mount
    subprocess.run(["umount", str(place)], check=True)


def bomb(size_mib: int) -> Resource:
    packer = zlib.compressobj(9, wbits=31)
    piece = bytes(1 << 20)
    data = b"".join([packer.compress(piece) for _ in range(size_mib)]) + packer.flush()
    source = "data:;base64," + base64.b64encode(data).decode()
    return Resource({"source": source, "compression": "gzip"})


def write(resource: Resource, path: Path) -> None:
    context = FetchContext(Settings(), Log(lambda *_: None))
    with path.open("wb") as file:
        fetch_to(context, resource, file.fileno(), ORIGIN)


def free(place: Path) -> int:
    found = os.statvfs(place)
    return found.f_bfree * found.f_frsize


@pytest.mark.parametrize("kind", SIZES)
def test_decompression_stops_before_the_filesystem_is_full(kind: str, mount: Mount) -> None:
    place = mount(kind)
    with pytest.raises(Failure) as caught:
        write(bomb(SIZES[kind] * 2), place / "bomb")
    assert caught.value.origin == ORIGIN
    if (
        kind == "btrfs"
    ):  # it does not know what is free before it has written, which may be too late
        assert caught.value.code in ("IGN4023", "IGN4024")
    else:
        assert caught.value.code == "IGN4023"
        (place / "note").write_bytes(b"there is room for the others" * 1000)
    os.unlink(place / "bomb")
    os.sync()
    write(bomb(8), place / "small")
    assert (place / "small").stat().st_size == 8 << 20


@pytest.mark.parametrize("kind", SIZES)
def test_full_filesystem_is_reported(kind: str, mount: Mount) -> None:
    place = mount(kind)
    with (place / "a").open("wb") as file, pytest.raises(Failure) as caught:
        taking = body.Body(
            body.FileDestination(file.fileno(), "http://host/a", ORIGIN), "x", ORIGIN
        )
        for _ in range(SIZES[kind] + 1):
            taking.write(os.urandom(1 << 20))
            os.fdatasync(file.fileno())
    assert (caught.value.code, caught.value.origin) == ("IGN4024", ORIGIN)
    assert "no space left on device" in str(caught.value)


@pytest.mark.parametrize("kind", [kind for kind in SIZES if kind not in ("btrfs", "vfat")])
def test_announced_size_is_compared_with_free_space(kind: str, mount: Mount) -> None:
    place = mount(kind)
    with (place / "a").open("wb") as file:
        here = free_space.FreeSpace(file.fileno(), "http://host/a", ORIGIN)
        here.expect(free(place))
        with pytest.raises(Failure) as caught:
            here.expect(free(place) + 1)
    assert caught.value.code == "IGN4024"


def test_reserved_blocks_count_as_free_for_root(mount: Mount) -> None:
    place = mount("ext4")
    found = os.statvfs(place)
    size = (found.f_bavail + (found.f_bfree - found.f_bavail) // 2) * found.f_frsize
    with (place / "a").open("wb") as file:
        taking = body.Body(
            body.FileDestination(file.fileno(), "http://host/a", ORIGIN), "x", ORIGIN
        )
        taking.expect(size)
        for _ in range(size >> 20):
            taking.write(bytes(1 << 20))
        os.fdatasync(file.fileno())
    assert os.statvfs(place).f_bavail == 0


def test_btrfs_may_compress_the_announced_body(mount: Mount) -> None:
    place = mount("btrfs")
    subprocess.run(["mount", "-o", "remount,compress=zstd", str(place)], check=True)
    with (place / "a").open("wb") as file:
        taking = body.Body(
            body.FileDestination(file.fileno(), "http://host/a", ORIGIN), "x", ORIGIN
        )
        taking.expect(2 * SIZES["btrfs"] << 20)
        for _ in range(2 * SIZES["btrfs"]):
            taking.write(bytes(1 << 20))
    assert (place / "a").stat().st_size == 2 * SIZES["btrfs"] << 20


def test_filesystem_without_a_limit_accepts_any_size(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "ramfs", "ramfs", str(tmp_path)], check=True)
    try:
        with (tmp_path / "a").open("wb") as file:
            free_space.FreeSpace(file.fileno(), "http://host/a", ORIGIN).expect(1 << 50)
        write(bomb(8), tmp_path / "b")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
