# SPDX-License-Identifier: Apache-2.0
"""Config paths are resolved inside the target root, whatever its symlinks contain."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ignition.base.errors import Failure
from ignition.system.root import Root
from tests.support.descriptors import descriptors_left

# Symlink targets: existing names, missing names, upwards, absolute, loops.
NAMES = some.sampled_from(["a", "b", "c", "gone"])
TEXTS = some.builds(
    lambda slash, parts: slash + "/".join(parts) or ".",
    some.sampled_from(["", "/"]),
    some.lists(some.one_of(NAMES, some.just("..")), max_size=4),
)
LINKS = some.dictionaries(
    some.tuples(some.sampled_from(["", "/a", "/a/b"]), NAMES), TEXTS, max_size=5
)


def make(top: Path, links: dict[tuple[str, str], str]) -> None:
    for folder in ("a/b", "b", "c/a"):
        (top / folder).mkdir(parents=True)
    for (folder, name), text in links.items():
        place = top / folder.lstrip("/") / name
        if not place.parent.is_symlink() and not os.path.lexists(place):
            place.symlink_to(text)


def by_chroot(top: Path, path: str) -> tuple[int, int] | str:
    """Device and inode of a folder as seen by a chrooted process; its error otherwise."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chroot(top)
            os.chdir("/")
            found = os.stat(path)
            os.write(write, f"{found.st_dev} {found.st_ino}".encode())
        except OSError as error:
            os.write(write, os.strerror(error.errno or 0).encode())
        finally:
            os._exit(0)
    os.close(write)
    answer = os.read(read, 100).decode()
    os.close(read)
    os.waitpid(child, 0)
    words = answer.split()
    return (int(words[0]), int(words[1])) if words[0].isdigit() else answer


@pytest.mark.skipif(os.geteuid() != 0, reason="chroot takes root")
@settings(max_examples=300, deadline=None)
@given(links=LINKS, path=some.lists(some.one_of(NAMES, some.just("..")), min_size=1, max_size=4))
def test_paths_resolve_as_in_a_chroot(
    tmp_path_factory: pytest.TempPathFactory, links: dict[tuple[str, str], str], path: list[str]
) -> None:
    top = tmp_path_factory.mktemp("root")
    make(top, links)
    wanted = "/" + "/".join(path)
    expected = by_chroot(top, wanted)
    try:
        folder = Root(str(top)).existing_folder(wanted)
    except Failure as failure:
        assert failure.code == "IGN3004"
        assert expected == os.strerror(40)
        return
    if folder is None:
        assert isinstance(expected, str)
        return
    with folder:
        found = os.fstat(folder.fileno)
        assert (found.st_dev, found.st_ino) == expected
        shown = (top / folder.path.lstrip("/")).lstat()
        assert (shown.st_dev, shown.st_ino) == expected


@settings(max_examples=200, deadline=None)
@given(links=LINKS, path=some.lists(NAMES, min_size=1, max_size=4))
def test_created_folders_are_inside_the_root(
    tmp_path_factory: pytest.TempPathFactory, links: dict[tuple[str, str], str], path: list[str]
) -> None:
    above = tmp_path_factory.mktemp("above")
    top = above / "root"
    top.mkdir()
    make(top, links)
    root = Root(str(top))
    wanted = "/" + "/".join(path)
    try:
        resolved = root.resolve_folder(wanted)
        with root.folder(wanted) as folder:
            assert folder.path == resolved
            assert os.path.realpath(f"/proc/self/fd/{folder.fileno}") == f"{top}{folder.path}"
    except Failure as failure:
        assert failure.code in ("IGN3003", "IGN3004")
    assert [entry.name for entry in above.iterdir()] == ["root"]


def descriptors_of(top: Path) -> list[str]:
    """Paths below a folder that this process has open."""
    found = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    return [path for path in found if path.startswith(str(top))]


def test_no_descriptor_leaks(tmp_path: Path) -> None:
    make(tmp_path, {("", "loop"): "loop", ("", "deep"): "a/b"})
    (tmp_path / "file").write_text("x")
    root = Root(str(tmp_path))
    assert descriptors_of(tmp_path) == []
    for path in ("/a/b", "/deep/new", "/loop/x", "/file/x", "/gone/x", "/a/../../.."):
        for act in (root.resolve, root.resolve_folder, root.lstat, root.read, root.first_missing):
            try:
                act(path)
            except Failure:
                pass
        try:
            root.folder(path).__exit__()
        except Failure:
            pass
    assert descriptors_of(tmp_path) == []


def test_read_follows_symlinks_inside_the_root(tmp_path: Path) -> None:
    root = Root(str(tmp_path))
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/passwd").write_text("inside")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").symlink_to("/usr/link")
    (tmp_path / "usr/link").symlink_to("../usr/passwd")
    (tmp_path / "etc/loop").symlink_to("/etc/loop")
    assert root.read("/etc/passwd") == b"inside"
    assert root.read("/etc/none") is None
    assert root.read("/none/none") is None
    assert root.read("/usr/passwd/none") is None
    with pytest.raises(Failure) as caught:
        root.read("/etc/loop")
    assert caught.value.code == "IGN3004"


def test_first_missing(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    root = Root(str(tmp_path))
    assert root.first_missing("/a/b/c/d") == "/a/b/c"
    assert root.first_missing("/a/b") == "/a/b"
    assert root.first_missing("/x") == "/x"
    assert root.first_missing("/x/y") == "/x"
    paths = ["/a/b/c/d", "/a/b/c/e", "/a/b", "/x", "/x/y"]
    assert root.first_missing_of(paths) == {"/a/b/c", "/a/b", "/x"}


@pytest.mark.parametrize("path", ["", "/"])
def test_root_may_be_the_running_system(path: str) -> None:
    root = Root(path)
    assert root.full_path("/etc/x") == "/etc/x"
    assert root.lstat("/proc") is not None
    with root.folder("/") as folder:
        assert folder.full_path("x") == "/x"


def test_path_may_be_deeper_than_the_descriptor_limit(tmp_path: Path) -> None:
    root = Root(str(tmp_path))
    with descriptors_left(45):
        with root.folder("/d" * 200) as folder:
            folder.symlink("up", "../" * 200 + "top")
        with root.folder("/d" * 200 + "/up") as folder:
            assert folder.path == "/top"
