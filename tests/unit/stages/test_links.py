# SPDX-License-Identifier: Apache-2.0
"""Links of the config."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from ignition.base.errors import Failure, Refused
from tests.support.target import Target

ANEW: dict[str, Any] = {
    "storage": {
        "files": [{"path": "/f", "contents": {"source": "data:,x"}, "overwrite": True}],
        "links": [{"path": "/h", "target": "/f", "hard": True}],
    }
}


def same_file(target: Target, one: str, other: str) -> bool:
    first, second = target.at(one).lstat(), target.at(other).lstat()
    return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)


class TestSymlinks:
    @pytest.mark.parametrize("text", ["/t", "t", "../x", "/no//where/", "a/./b"])
    @pytest.mark.parametrize("hard", [{}, {"hard": False}])
    def test_target_is_kept_as_given(self, target: Target, text: str, hard: dict[str, Any]) -> None:
        target.storage(links=[{"path": "/d/l", "target": text, **hard}])
        assert str(target.at("/d/l").readlink()) == str(type(target.at("/"))(text))
        import os

        assert os.readlink(target.at("/d/l")) == text

    @pytest.mark.parametrize("text", ["/t", "/t/", "//t", "/./t", "/x/../t"])
    def test_same_link_is_kept(self, target: Target, text: str) -> None:
        target.link("/l", text, (9, 9))
        before = target.tree()
        target.storage(links=[{"path": "/l", "target": "/t", "user": {"id": 500}}])
        assert target.tree() == before
        assert any(line.endswith("already exists, doing nothing") for line in target.log)

    @pytest.mark.parametrize("number", [-1, 0xFFFFFFFF])
    def test_id_that_chown_ignores(self, target: Target, number: int) -> None:
        target.folder("/t", owner=(500, 600))
        node = {"user": {"id": number}, "group": {"id": number}}
        target.storage(
            links=[{"path": "/l", "target": "t", **node}, {"path": "/m", "target": "t"}],
            directories=[{"path": "/t", **node}],
        )
        assert target.owner("/l") == (0, 0)
        assert target.owner("/m") == (500, 600)
        assert target.owner("/t") == (500, 600)

    def test_other_link(self, target: Target) -> None:
        target.link("/l", "/other")
        with pytest.raises(Refused, match="points to /other, not /t and overwrite") as caught:
            target.storage(links=[{"path": "/l", "target": "/t"}])
        assert caught.value.code == "IGN3106"
        target.storage(links=[{"path": "/l", "target": "/t", "overwrite": True}])
        assert str(target.at("/l").readlink()) == "/t"

    @pytest.mark.parametrize("kind", ["file", "directory"])
    def test_path_occupied(self, target: Target, kind: str) -> None:
        target.put("/l" if kind == "file" else "/l/child")
        with pytest.raises(Refused) as caught:
            target.storage(links=[{"path": "/l", "target": "/t"}])
        assert caught.value.code == "IGN3107"
        target.storage(links=[{"path": "/l", "target": "/t", "overwrite": True}])
        assert str(target.at("/l").readlink()) == "/t"

    def test_owner_applies_to_the_link(self, target: Target) -> None:
        target.put("/t", owner=(7, 7))
        target.storage(
            links=[{"path": "/l", "target": "t", "user": {"id": 500}, "group": {"id": 501}}]
        )
        assert target.owner("/l") == (500, 501)
        assert target.owner("/t") == (7, 7)

    def test_owner_is_root_if_given(self, target: Target) -> None:
        target.put("/t", owner=(7, 8))
        links = [{"path": "/l", "target": "t", "user": {"id": 0}, "group": {"id": 0}}]
        target.storage(links=links)
        assert target.owner("/l") == (0, 0)

    def test_owner_not_given(self, target: Target) -> None:
        # Like Ignition.
        target.put("/t", owner=(7, 8))
        links = [{"path": "/l", "target": "t"}, {"path": "/broken", "target": "nowhere"}]
        target.storage(links=links)
        assert target.owner("/l") == (7, 8)
        assert target.owner("/broken") == (0, 0)


class TestHardLinks:
    def test_to_a_file_of_the_same_config(self, target: Target) -> None:
        target.storage(
            files=[{"path": "/d/e/f", "contents": {"source": "data:,x"}}],
            links=[{"path": "/h", "target": "/d/e/f", "hard": True}],
        )
        assert same_file(target, "/h", "/d/e/f")

    def test_right_link_is_kept(self, target: Target) -> None:
        target.put("/f")
        target.at("/h").hardlink_to(target.at("/f"))
        before = target.at("/h").lstat()
        for overwrite in ({}, {"overwrite": True}):
            target.storage(links=[{"path": "/h", "target": "/f", "hard": True, **overwrite}])
            assert target.at("/h").lstat() == before

    @pytest.mark.parametrize("kind", ["file", "directory", "symlink"])
    def test_wrong_node(self, target: Target, kind: str) -> None:
        target.put("/f", "right")
        if kind == "symlink":
            target.link("/h", "f")
        else:
            target.put("/h" if kind == "file" else "/h/child", "wrong")
        with pytest.raises(Refused, match="not the target and overwrite is false") as caught:
            target.storage(links=[{"path": "/h", "target": "/f", "hard": True}])
        assert caught.value.code == "IGN3108"
        target.storage(links=[{"path": "/h", "target": "/f", "hard": True, "overwrite": True}])
        assert same_file(target, "/h", "/f")

    @pytest.mark.parametrize(
        "stages", [["files"], ["files", "finish"]], ids=["interrupted", "complete"]
    )
    def test_target_rewritten_by_another_run(self, target: Target, stages: list[str]) -> None:
        for _ in range(3):
            target.run(ANEW, *stages)
            assert same_file(target, "/h", "/f")

    def test_target_rewritten_by_an_interrupted_run(self, target: Target) -> None:
        target.run(ANEW, "files", "finish")
        target.run(ANEW, "files")
        target.at("/h").unlink()
        target.put("/h", "what the name led to before the target was written anew")
        target.run(ANEW, "files", "finish")
        assert same_file(target, "/h", "/f")

    def test_target_rewritten_beside_a_foreign_link(self, target: Target) -> None:
        target.put("/f", "old")
        target.at("/h").hardlink_to(target.at("/f"))
        for _ in range(2):
            with pytest.raises(Refused, match="not the target and overwrite is false"):
                target.run(ANEW, "files", "finish")
            assert target.at("/h").read_text() == "old"

    @pytest.mark.parametrize(
        "stages", [["files"], ["files", "finish"]], ids=["interrupted", "complete"]
    )
    def test_changed_since_a_run(self, target: Target, stages: list[str]) -> None:
        target.run(ANEW, *stages)
        target.at("/h").unlink()
        target.put("/h/child")
        with pytest.raises(Refused):
            target.run(ANEW, "files", "finish")
        shutil.rmtree(target.at("/h"))
        target.put("/h", "x")
        if "finish" in stages:
            with pytest.raises(Refused):
                target.run(ANEW, "files", "finish")
            assert not same_file(target, "/h", "/f")

    @pytest.mark.parametrize("there", ["x", "y"])
    def test_another_file_whatever_its_contents(self, target: Target, there: str) -> None:
        target.put("/f", "x")
        target.put("/h", there)
        with pytest.raises(Refused):
            target.storage(links=[{"path": "/h", "target": "/f", "hard": True}])
        assert target.at("/h").read_text() == there
        assert not same_file(target, "/h", "/f")

    def test_to_a_symlink(self, target: Target) -> None:
        target.link("/s", "/nowhere")
        target.storage(links=[{"path": "/h", "target": "/s", "hard": True}])
        assert same_file(target, "/h", "/s")

    def test_missing_target(self, target: Target) -> None:
        with pytest.raises(Failure, match="target does not exist") as caught:
            target.storage(links=[{"path": "/h", "target": "/f", "hard": True}])
        assert str(caught.value.origin) == "config.ign: /storage/links/0"

    def test_across_filesystems(self, target: Target) -> None:
        target.put("/f")
        point = target.folder("/m")
        if subprocess.run(["mount", "-t", "tmpfs", "x", point], check=False).returncode:
            pytest.skip("cannot mount here")
        try:
            with pytest.raises(Failure, match="same file system"):
                target.storage(links=[{"path": "/m/h", "target": "/f", "hard": True}])
            assert list(point.iterdir()) == []
        finally:
            subprocess.run(["umount", point], check=True)

    @pytest.mark.parametrize("place", ["file", "folder"])
    @pytest.mark.parametrize("why", ["directory", "other file system"])
    def test_impossible_link_replaces_nothing(self, target: Target, place: str, why: str) -> None:
        target.put("/h" if place == "file" else "/h/child", "precious")
        wanted = "/d" if why == "directory" else "/d/f"
        point = target.folder("/d")
        if why != "directory":
            if subprocess.run(["mount", "-t", "tmpfs", "x", point], check=False).returncode:
                pytest.skip("cannot mount here")
            target.put("/d/f")
        before = target.tree()
        try:
            with pytest.raises(Failure) as caught:
                links = [{"path": "/h", "target": wanted, "hard": True, "overwrite": True}]
                target.storage(links=links)
        finally:
            after = target.tree()
            if why != "directory":
                subprocess.run(["umount", point], check=True)
        assert caught.value.code == ("IGN3120" if why == "directory" else "IGN3008")
        after.pop("etc", None)
        assert after == before

    def test_relative_target_counts_from_the_root(self, target: Target) -> None:
        target.put("/t")
        target.storage(links=[{"path": "/d/l", "target": "t", "hard": True}])
        assert same_file(target, "/d/l", "/t")

    def test_owner_is_ignored(self, target: Target) -> None:
        target.put("/f", owner=(3, 3))
        target.storage(links=[{"path": "/h", "target": "/f", "hard": True, "user": {"id": 5}}])
        assert target.owner("/h") == (3, 3)

    def test_to_a_later_hard_link(self, target: Target) -> None:
        names = ["/h1", "/h2", "/h3"]
        targets = ["/h2", "/h3", "/f"]
        target.put("/f")
        target.storage(
            links=[
                {"path": path, "target": to, "hard": True}
                for path, to in zip(names, targets, strict=True)
            ]
        )
        assert all(same_file(target, name, "/f") for name in names)

    def test_in_a_circle(self, target: Target) -> None:
        with pytest.raises(Failure, match="target does not exist"):
            target.storage(
                links=[
                    {"path": "/a", "target": "/b", "hard": True},
                    {"path": "/b", "target": "/a", "hard": True},
                ]
            )

    def test_existing_targets_keep_the_order_of_the_config(self, target: Target) -> None:
        target.put("/b", "old")
        target.put("/f", "new")
        target.storage(
            links=[
                {"path": "/a", "target": "/b", "hard": True},
                {"path": "/b", "target": "/f", "hard": True, "overwrite": True},
            ]
        )
        assert target.at("/a").read_text() == "old"
        assert same_file(target, "/b", "/f")
