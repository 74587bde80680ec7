# SPDX-License-Identifier: Apache-2.0
"""A file that somebody else may have put there is read only if it is a regular file of a fair size."""

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
def test_what_is_no_file_to_be_read_is_refused(folder: Path, kind: str) -> None:
    put(folder / "x", kind)
    with pytest.raises(UnusableFile) as caught:
        read_regular(str(folder / "x"))
    assert caught.value.code == ("IGN3403" if kind == "sparse" else "IGN3402")
    assert caught.value.strerror


@pytest.mark.parametrize("kind", KINDS[:6])
def test_nor_is_it_opened_for_writing(folder: Path, kind: str) -> None:
    put(folder / "x", kind)
    with pytest.raises(UnusableFile):
        open_regular(str(folder / "x"), os.O_WRONLY | os.O_APPEND)


def test_the_null_device_is_an_empty_file(folder: Path) -> None:
    (folder / "x").symlink_to("/dev/null")
    assert read_regular(str(folder / "x"), follow=True) == b""


def test_a_file_without_a_size_is_read(folder: Path) -> None:
    assert read_regular("/proc/version").startswith(b"Linux")


@pytest.mark.parametrize("kind", [*KINDS[:4], "link", "sparse"])
def test_a_file_of_ours_replaces_what_lies_there(folder: Path, kind: str) -> None:
    put(folder / "x", kind)
    write_atomically(str(folder / "x"), b"new", 0o640)
    found = (folder / "x").lstat()
    assert stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o640
    assert (folder / "x").read_bytes() == b"new"
    assert os.listdir(folder) == ["x"]


def test_a_flag_is_not_made_through_a_link(folder: Path) -> None:
    (folder / "precious").write_text("keep")
    (folder / "flag").symlink_to("precious")
    touch(str(folder / "flag"))
    assert (folder / "precious").read_text() == "keep"
    assert not (folder / "flag").is_symlink()
    assert stat.S_IMODE((folder / "flag").stat().st_mode) == 0o644


def test_temporary_names_cannot_be_guessed(folder: Path) -> None:
    trap = folder / f".x.{os.getpid()}"
    trap.write_text("keep")
    write_atomically(str(folder / "x"), b"new", 0o600)
    assert trap.read_text() == "keep"
