# SPDX-License-Identifier: Apache-2.0
"""The mark of an unfinished filesystem, on files in place of devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.system import mkfs_marker

DIGEST = "sha512-" + 128 * "a" + "+" + 128 * "b"


def write(node: str, digest: str, *, discard: bool) -> None:
    with mkfs_marker.MarkedDevice(node, digest, discard=discard):
        pass


def device(folder: Path, size: int) -> str:
    path = folder / "device"
    path.write_bytes(size * b"\x11")
    return str(path)


@pytest.mark.parametrize("size", [40 << 10, 1 << 20, (1 << 20) + 512, 3 << 20])
def test_mark_is_readable_until_cleared(tmp_path: Path, size: int) -> None:
    node = device(tmp_path, size)
    assert mkfs_marker.read(node) is None
    write(node, DIGEST, discard=False)
    assert mkfs_marker.read(node) == DIGEST
    data = Path(node).read_bytes()
    # The area of filesystem signatures and partition tables is untouched.
    assert data[:4096] == 4096 * b"\x11"
    assert len(data) == size
    mkfs_marker.clear(node)
    assert mkfs_marker.read(node) is None
    assert set(Path(node).read_bytes()) == {0, 0x11}


def test_one_remaining_copy_is_enough(tmp_path: Path) -> None:
    node = device(tmp_path, 1 << 20)
    write(node, DIGEST, discard=False)
    data = Path(node).read_bytes()
    last = data.rindex(b"ignition: ")
    Path(node).write_bytes(last * b"\x22" + data[last:])
    assert mkfs_marker.read(node) == DIGEST
    mkfs_marker.clear(node)
    # Data that has replaced the other copies is preserved.
    assert Path(node).read_bytes()[:last] == last * b"\x22"


def test_mark_of_a_device_of_another_size_is_ignored(tmp_path: Path) -> None:
    node = device(tmp_path, 9 << 20)
    write(node, DIGEST, discard=False)
    Path(node).write_bytes(Path(node).read_bytes() + (9 << 20) * b"\x11")
    assert mkfs_marker.read(node) is None


def test_last_mark_counts(tmp_path: Path) -> None:
    node = device(tmp_path, 1 << 20)
    write(node, "one", discard=False)
    write(node, "two", discard=False)
    assert mkfs_marker.read(node) == "two"


def test_device_too_small_for_a_mark(tmp_path: Path) -> None:
    node = device(tmp_path, 4096)
    write(node, DIGEST, discard=False)
    assert mkfs_marker.read(node) is None
    mkfs_marker.clear(node)
    assert Path(node).read_bytes() == 4096 * b"\x11"
