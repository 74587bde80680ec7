# SPDX-License-Identifier: Apache-2.0
"""Results are rebuilt exactly when an input changes."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed.cache import KEPT, NeedsRoot, build_once, digest


@pytest.fixture(autouse=True)
def build_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IGNITION_BUILD_DIR", str(tmp_path / "build"))
    return tmp_path / "build"


def write(folder: Path) -> None:
    (folder / "thing").write_text("made")


def never(folder: Path) -> None:
    raise AssertionError("built twice")


def test_the_same_key_is_built_once() -> None:
    first = build_once("kind", "key", "a thing", write)
    assert build_once("kind", "key", "a thing", never) == first
    assert (first / "thing").read_text() == "made"


def test_a_failed_build_leaves_nothing(build_folder: Path) -> None:
    with pytest.raises(AssertionError):
        build_once("kind", "key", "a thing", never)
    assert not list((build_folder / "kind").iterdir())
    assert (build_once("kind", "key", "a thing", write) / "thing").exists()


def test_old_versions_are_removed(build_folder: Path) -> None:
    for number in range(KEPT + 2):
        latest = build_once("kind", str(number), "a thing", write)
    assert latest.is_dir()
    assert len(list((build_folder / "kind").iterdir())) == KEPT


def test_digest_covers_names_modes_and_contents_but_not_bytecode(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "__pycache__").mkdir(parents=True)
    (tree / "a").write_text("1")
    seen = {digest(tree)}
    (tree / "__pycache__/a.pyc").write_text("x")
    assert digest(tree) in seen
    (tree / "a").write_text("2")
    seen.add(digest(tree))
    (tree / "a").chmod(0o755)
    seen.add(digest(tree))
    (tree / "a").rename(tree / "b")
    seen.add(digest(tree))
    assert len(seen) == 4


def test_digest_separates_strings() -> None:
    assert digest("ab", "c") != digest("a", "bc")


def test_what_a_killed_build_left_is_removed(build_folder: Path) -> None:
    (build_folder / "kind/.other.new").mkdir(parents=True)
    build_once("kind", "key", "a thing", write)
    assert [entry.name for entry in (build_folder / "kind").iterdir()] == ["key"]


def test_too_little_space_is_found_before_the_build(build_folder: Path) -> None:
    with pytest.raises(Failure, match="takes about") as caught:
        build_once("kind", "key", "a thing", never, space_mib=1 << 40)
    assert caught.value.code == "IGN8004"
    assert "IGNITION_BUILD_DIR" in caught.value.hint


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        Failure("IGN8002", "dracut failed with status 1:\ncp: error: No space left on device"),
    ],
)
def test_a_file_system_that_fills_up(build_folder: Path, error: Exception) -> None:
    def fill(folder: Path) -> None:
        raise error

    with pytest.raises(Failure, match="no space left while building a thing") as caught:
        build_once("kind", "key", "a thing", fill)
    assert caught.value.code == "IGN8004"
    assert not list((build_folder / "kind").iterdir())


def test_a_second_run_waits_and_says_so(
    build_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(folder: Path) -> None:
        begun.set()
        go_on.wait(60)
        write(folder)

    first = threading.Thread(target=build_once, args=("kind", "key", "a thing", slow))
    first.start()
    assert begun.wait(60)
    second = threading.Thread(target=build_once, args=("kind", "key", "a thing", never))
    second.start()
    said = ""
    while "waiting for another run that builds a thing" not in said:
        said += capsys.readouterr().err
    go_on.set()
    first.join()
    second.join()


@pytest.mark.parametrize("kind", ["a file is in its place", "below a file", "below /proc"])
def test_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "file").touch()
    folder = {
        "a file is in its place": tmp_path / "file",
        "below a file": tmp_path / "file/build",
        "below /proc": Path("/proc/build"),
    }[kind]
    monkeypatch.setenv("IGNITION_BUILD_DIR", str(folder))
    with pytest.raises(Failure) as caught:
        build_once("kind", "key", "a thing", never)
    assert caught.value.code == "IGN8004"


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to be another user, too")
def test_what_another_user_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a run with sudo: it is used, but nothing can be built beside it."""
    shared = Path(tempfile.mkdtemp(prefix="shared-"))
    try:
        shared.chmod(0o777)
        monkeypatch.setenv("IGNITION_BUILD_DIR", str(shared))
        built = build_once("kind", "key", "a thing", write)
        os.seteuid(65534)
        assert build_once("kind", "key", "a thing", never, as_root=True) == built
        with pytest.raises(Failure) as caught:
            build_once("kind", "other", "a thing", never)
        assert caught.value.code == "IGN8004"
        with pytest.raises(NeedsRoot):
            build_once("kind", "other", "a thing", never, as_root=True)
    finally:
        os.seteuid(0)
        shutil.rmtree(shared)
