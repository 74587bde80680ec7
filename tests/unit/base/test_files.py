# SPDX-License-Identifier: Apache-2.0
"""Atomic writes of the engine's own files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ignition.base.files import touch, write_atomically


def test_a_file_is_replaced_with_exactly_this_mode(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    old = os.umask(0o077)
    try:
        write_atomically(str(path), b"new", 0o644)
    finally:
        os.umask(old)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o7777 == 0o644
    assert os.listdir(tmp_path) == ["f"]


def test_failed_write_keeps_the_old_file_and_removes_the_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(OSError):
        write_atomically(str(tmp_path / "f"), b"new", 0o600)
    assert os.listdir(tmp_path) == ["f"]


def test_touch_creates_parents_and_truncates(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "flag"
    touch(str(path))
    assert path.read_bytes() == b""
