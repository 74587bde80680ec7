# SPDX-License-Identifier: Apache-2.0
"""Only regular files within the size limit are opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ignition.base.files import UnusableFile, open_regular, read_regular, touch, write_atomically
from tests.support.special_files import KINDS, put


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("device nodes take root")
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_only_regular_files_are_read(folder: Path, kind: str) -> None:
    put(folder / "x", kind)
    with pytest.raises(UnusableFile) as caught:
        read_regular(str(folder / "x"))
    assert caught.value.code == ("IGN3403" if kind == "sparse" else "IGN3402")
    assert caught.value.strerror


@pytest.mark.parametrize("kind", KINDS[:6])
def test_only_regular_files_are_opened_for_writing(folder: Path, kind: str) -> None:
    put(folder / "x", kind)
    with pytest.raises(UnusableFile):
        open_regular(str(folder / "x"), os.O_WRONLY | os.O_APPEND)


def test_dev_null_reads_as_empty(folder: Path) -> None:
    (folder / "x").symlink_to("/dev/null")
    assert read_regular(str(folder / "x"), follow=True) == b""


def test_file_of_unknown_size_is_read(folder: Path) -> None:
    assert read_regular("/proc/version").startswith(b"Linux")


@pytest.mark.parametrize("kind", [*KINDS[:4], "link", "sparse"])
def test_atomic_write_replaces_any_file_type(folder: Path, kind: str) -> None:
    put(folder / "x", kind)
    write_atomically(str(folder / "x"), b"new", 0o640)
    found = (folder / "x").lstat()
    assert stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o640
    assert (folder / "x").read_bytes() == b"new"
    assert os.listdir(folder) == ["x"]


def test_touch_does_not_follow_a_symlink(folder: Path) -> None:
    (folder / "precious").write_text("keep")
    (folder / "flag").symlink_to("precious")
    touch(str(folder / "flag"))
    assert (folder / "precious").read_text() == "keep"
    assert not (folder / "flag").is_symlink()
    assert stat.S_IMODE((folder / "flag").stat().st_mode) == 0o644


def test_temporary_names_are_unpredictable(folder: Path) -> None:
    trap = folder / f".x.{os.getpid()}"
    trap.write_text("keep")
    write_atomically(str(folder / "x"), b"new", 0o600)
    assert trap.read_text() == "keep"
