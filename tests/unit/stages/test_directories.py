# SPDX-License-Identifier: Apache-2.0
"""Directories of the config."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from ignition.base.errors import Refused
from tests.support.descriptors import descriptors_left
from tests.support.target import Target


def test_new_with_parents(target: Target) -> None:
    target.storage(directories=[{"path": "/foo/bar"}])
    for path in ("/foo", "/foo/bar"):
        assert (target.mode(path), target.owner(path)) == (0o755, (0, 0))


def test_file_in_the_way(target: Target) -> None:
    target.put("/d", "x")
    with pytest.raises(Refused, match="A non-directory already exists") as caught:
        target.storage(directories=[{"path": "/d"}])
    assert caught.value.code == "IGN3105"
    assert target.at("/d").read_text() == "x"
    target.storage(directories=[{"path": "/d", "overwrite": True}])
    assert target.at("/d").is_dir()


def test_existing_keeps_its_children(target: Target) -> None:
    target.put("/d/child", "x")
    target.storage(directories=[{"path": "/d", "mode": 0o777}])
    assert target.mode("/d") == 0o777
    assert target.at("/d/child").read_text() == "x"


def test_overwrite_empties(target: Target) -> None:
    target.put("/d/deep/er/child", "x")
    target.link("/d/link", "/")
    target.storage(directories=[{"path": "/d", "overwrite": True}])
    assert list(target.at("/d").iterdir()) == []
    assert target.mode("/d") == 0o755


def test_depth_of_the_resolved_path_counts(target: Target) -> None:
    target.link("/foo/bar", "/")
    target.storage(directories=[{"path": "/foo/bar/baz", "mode": 0o777}, {"path": "/baz/quux"}])
    assert target.mode("/baz") == 0o777
    assert target.mode("/baz/quux") == 0o755


def test_symlink_to_a_directory_is_not_a_directory(target: Target) -> None:
    target.folder("/real")
    target.link("/l", "real")
    with pytest.raises(Refused):
        target.storage(directories=[{"path": "/l"}])


def test_mode_of_existing_is_kept(target: Target) -> None:
    target.folder("/d", 0o1777)
    target.storage(directories=[{"path": "/d", "user": {"id": 5}}])
    assert (target.mode("/d"), target.owner("/d")) == (0o1777, (5, 0))


@pytest.mark.parametrize("mode", [0o1777, 0o2755, 0o700, 0o4755])
@pytest.mark.parametrize("there", [True, False])
def test_mode_is_exact(target: Target, mode: int, there: bool) -> None:
    if there:
        target.folder("/d")
    target.storage(directories=[{"path": "/d", "mode": mode, "user": {"id": 5}}])
    assert (target.mode("/d"), target.owner("/d")) == (mode, (5, 0))


def test_umask_does_not_matter(target: Target) -> None:
    old = os.umask(0o077)
    try:
        target.storage(directories=[{"path": "/a/b"}])
    finally:
        os.umask(old)
    assert (target.mode("/a"), target.mode("/a/b")) == (0o755, 0o755)


def test_emptied_before_its_own_files_are_written(target: Target) -> None:
    target.put("/a/old", "x")
    target.put("/a/b", "old")
    target.storage(
        directories=[{"path": "/a", "overwrite": True}],
        files=[{"path": "/a/b", "contents": {"source": "data:,new"}}],
    )
    assert [path.name for path in target.at("/a").iterdir()] == ["b"]
    assert target.at("/a/b").read_text() == "new"


@pytest.fixture
def mounted(target: Target) -> Iterator[Target]:
    point = target.folder("/d/sub/a point")
    made = subprocess.run(["mount", "-t", "tmpfs", "x", point], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("cannot mount here")
    target.put("/d/sub/a point/inside", "precious")
    target.put("/d/beside", "precious")
    yield target
    subprocess.run(["umount", point], check=True)


@pytest.mark.parametrize("path", ["/d", "/d/sub", "/d/sub/a point"])
def test_nothing_is_lost_where_something_is_mounted(mounted: Target, path: str) -> None:
    before = mounted.tree()
    with pytest.raises(Refused, match="is a mount point") as caught:
        mounted.storage(directories=[{"path": path, "overwrite": True}])
    assert caught.value.code == "IGN3009"
    assert mounted.tree() == before


def test_the_root_itself(target: Target) -> None:
    target.put("/x")
    target.storage(directories=[{"path": "/", "mode": 0o711, "user": {"id": 3}}])
    assert (target.mode("/"), target.owner("/")) == (0o711, (3, 0))
    with pytest.raises(Refused):
        target.storage(directories=[{"path": "/", "overwrite": True}])
    assert target.at("/x").exists()


def test_deeper_than_the_stack_of_python(target: Target) -> None:
    # 1500 levels, made relative since no path may be that long
    here = os.open(target.folder("/deep"), os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    target.storage(directories=[{"path": "/deep", "overwrite": True}])
    assert list(target.at("/deep").iterdir()) == []


def test_deeper_than_there_are_descriptors(target: Target) -> None:
    here = os.open(target.folder("/deep"), os.O_RDONLY)
    for _ in range(100):
        for name in "ab":
            os.mkdir(name, dir_fd=here)
        os.close(os.open("f", os.O_CREAT, dir_fd=here))
        below = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    with descriptors_left(45):
        target.storage(directories=[{"path": "/deep", "overwrite": True}])
    assert list(target.at("/deep").iterdir()) == []


def test_folder_with_two_thousand_others(target: Target) -> None:
    folder = target.folder("/wide")
    for number in range(2_000):
        (folder / str(number)).mkdir()
    target.storage(directories=[{"path": "/wide", "overwrite": True}])
    assert list(folder.iterdir()) == []
