# SPDX-License-Identifier: Apache-2.0
"""Files of the config."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure, FailureGroup, Refused
from ignition.config import dataurl
from ignition.config.merge import merge
from tests.support.target import Target, data_url

PASSWD = "root:x:0:0::/root:/bin/sh\ncore:x:500:501:Core:/home/core:/bin/sh\n"
GROUP = "root:x:0:\ncore:x:501:\nwheel:x:10:core\n"


@pytest.fixture
def umask_077() -> Iterator[None]:
    old = os.umask(0o077)
    yield
    os.umask(old)


def sha(kind: str, data: bytes) -> str:
    return f"{kind}-{hashlib.new(kind, data).hexdigest()}"


def leftovers(target: Target) -> list[str]:
    return [path for path in target.tree() if "tmp" in path]


def test_new_file_with_new_parents(target: Target) -> None:
    target.file("/foo/bar", "example file\n")
    assert target.at("/foo/bar").read_text() == "example file\n"
    assert (target.mode("/foo/bar"), target.owner("/foo/bar")) == (0o644, (0, 0))
    assert (target.mode("/foo"), target.owner("/foo")) == (0o755, (0, 0))
    assert f'createFilesystemsFiles: createFiles: wrote file "{target.root}/foo/bar"' in target.log
    assert sorted(target.tree()) == ["etc", "foo", "foo/bar"]  # etc has the journal
    assert not target.critical


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param({"source": "data:;base64,aGVsbG8="}, id="base64"),
        pytest.param({"source": "data:,hello", "compression": ""}, id="not compressed"),
        pytest.param(
            {
                "source": "data:;base64," + base64.b64encode(gzip.compress(b"hello")).decode(),
                "compression": "gzip",
            },
            id="gzip",
        ),
        pytest.param(
            {
                "source": "data:;base64," + base64.b64encode(gzip.compress(b"hello")).decode(),
                "compression": "gzip",
                "verification": {"hash": sha("sha512", b"hello")},
            },
            id="gzip, hash of the decompressed text",
        ),
        pytest.param(
            {"source": "data:,hello", "verification": {"hash": sha("sha256", b"hello")}},
            id="sha256",
        ),
        pytest.param(
            {
                "source": "data:,hello",
                "verification": {"hash": "sha512-" + hashlib.sha512(b"hello").hexdigest().upper()},
            },
            id="hash in capitals",
        ),
    ],
)
def test_contents(target: Target, contents: dict[str, Any]) -> None:
    target.storage(files=[{"path": "/f", "contents": contents}])
    assert target.at("/f").read_text() == "hello"


@pytest.mark.parametrize("source", ["data:,\u00e4", "data:;base64,a", "data:x"])
def test_invalid_data_url(target: Target, source: str) -> None:
    for there in ("/new", "/old"):
        target.put("/old")
        with pytest.raises(Failure, match="not a data URL") as caught:
            target.storage(files=[{"path": there, "append": [{"source": source}]}])
        assert (caught.value.code, caught.value.hint) == ("IGN4016", dataurl.HINT)
        assert str(caught.value.origin) == "config.ign: /storage/files/0"


HASHED = {"verification": {"hash": "sha256-" + "0" * 64}}


@pytest.mark.parametrize(
    "more", [{"compression": "gzip"}, HASHED, {"compression": "gzip", **HASHED}]
)
def test_empty_source_is_neither_unpacked_nor_verified(
    target: Target, more: dict[str, Any]
) -> None:
    empty = {"source": "", **more}
    target.put("/old", "old")
    target.storage(
        files=[
            {"path": "/f", "contents": empty},
            {"path": "/old", "contents": empty, "overwrite": True},
            {"path": "/a", "append": [{"source": "data:,a"}, empty, {"source": "data:,b"}]},
        ]
    )
    assert [target.at(path).read_text() for path in ("/f", "/old", "/a")] == ["", "", "ab"]


def test_empty_source_overrides_a_parent(target: Target) -> None:
    def config(**contents: Any) -> dict[str, Any]:
        return {"storage": {"files": [{"path": "/f", "contents": contents}]}}

    parent = config(source="http://nowhere.invalid/f", compression="gzip", **HASHED)
    target.run(merge(parent, config(source="")))
    assert target.at("/f").read_bytes() == b""


@pytest.mark.parametrize("there", [None, "old"])
def test_wrong_hash_changes_nothing(target: Target, there: str | None) -> None:
    if there:
        target.put("/d/f", there)
    else:
        target.folder("/d")
    before = target.tree()
    contents = {"source": "data:,x", "verification": {"hash": "sha256-" + "0" * 64}}
    with pytest.raises(Failure) as caught:
        target.storage(files=[{"path": "/d/f", "contents": contents, "overwrite": True}])
    assert caught.value.code == "IGN4011"
    assert str(caught.value.origin) == "config.ign: /storage/files/0"
    assert target.tree() == before


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        pytest.param({"user": {"id": 500}, "group": {"id": 500}}, (500, 500), id="numbers"),
        pytest.param({"user": {"name": "core"}, "group": {"name": "core"}}, (500, 501), id="names"),
        pytest.param({"user": {"id": 7}}, (7, 0), id="user only"),
        pytest.param({"user": {"name": "core"}}, (500, 0), id="not the user's own group"),
        pytest.param({"group": {"name": "wheel"}}, (0, 10), id="group only"),
    ],
)
def test_owner(target: Target, owners: dict[str, Any], expected: tuple[int, int]) -> None:
    target.put("/etc/passwd", PASSWD)
    target.put("/etc/group", GROUP)
    target.file("/f", "x", **owners)
    assert target.owner("/f") == expected


@pytest.mark.parametrize("kind", ["user", "group"])
def test_unknown_owner(target: Target, kind: str) -> None:
    target.put("/etc/passwd", PASSWD)
    with pytest.raises(Failure, match=f'no such {kind} "nobody-here"') as caught:
        target.storage(files=[{"path": "/a"}, {"path": "/f", kind: {"name": "nobody-here"}}])
    assert caught.value.code == "IGN3102"
    assert str(caught.value.origin) == "config.ign: /storage/files/1"
    assert not target.at("/a").exists()


@pytest.mark.parametrize("kind", ["user", "group"])
def test_owner_that_the_config_deletes(target: Target, kind: str) -> None:
    config = {
        "passwd": {f"{kind}s": [{"name": "leaver", "shouldExist": False}]},
        "storage": {"files": [{"path": "/a"}, {"path": "/f", kind: {"name": "leaver"}}]},
    }
    with pytest.raises(Failure, match="no such"):
        target.run(config, "files")
    assert not target.at("/a").exists()


def test_all_unknown_owners_are_reported_before_anything_is_written(target: Target) -> None:
    target.put("/etc/passwd", PASSWD)
    wanted = {"user": {"name": "no"}, "group": {"name": "nobody"}}
    with pytest.raises(FailureGroup) as caught:
        target.storage(files=[{"path": "/a"}, {"path": "/f", **wanted}])
    assert [one.code for one in caught.value.failures] == ["IGN3102", "IGN3102"]
    assert not target.at("/a").exists()


@pytest.mark.parametrize("mode", [0o644, 0o755, 0, 0o600, 0o666, 0o777])
def test_mode_is_exact_under_any_umask(target: Target, umask_077: None, mode: int) -> None:
    target.file("/a/f", "x", mode=mode)
    assert target.mode("/a/f") == mode
    assert target.mode("/a") == 0o755


@pytest.mark.parametrize("mode", [0o6755, 0o4755, 0o2755, 0o1644])
def test_special_bits_survive_the_owner(target: Target, mode: int) -> None:
    target.file("/f", "x", mode=mode, user={"id": 500}, group={"id": 500})
    assert (target.mode("/f"), target.owner("/f")) == (mode, (500, 500))


def test_overwrite_replaces_with_default_attributes(target: Target) -> None:
    target.put("/f", "old", 0o600, (500, 500))
    target.file("/f", "new", overwrite=True)
    assert target.at("/f").read_text() == "new"
    assert (target.mode("/f"), target.owner("/f")) == (0o644, (0, 0))


@pytest.mark.parametrize("overwrite", [{}, {"overwrite": False}])
def test_existing_file_is_refused_before_anything_is_written(
    target: Target, overwrite: dict[str, Any]
) -> None:
    target.put("/f", "old")
    with pytest.raises(
        Refused, match="A file exists there already and overwrite is false"
    ) as caught:
        target.storage(
            files=[
                {"path": "/a", "contents": {"source": "data:,a"}},
                {"path": "/f", "contents": {"source": "data:,new"}, **overwrite},
            ]
        )
    assert caught.value.code == "IGN3103"
    assert str(caught.value.origin) == "config.ign: /storage/files/1"
    assert target.at("/f").read_text() == "old"
    assert not target.at("/a").exists()


@pytest.mark.parametrize("below", ["/f", "/f/g/h"])
def test_file_in_place_of_a_folder_is_refused_before_anything_is_written(
    target: Target, below: str
) -> None:
    target.put("/f", "old")
    files = [
        {"path": path, "contents": {"source": "data:,a"}} for path in ("/a", f"{below}/x", "/z")
    ]
    with pytest.raises(Refused, match="/f is not a directory") as caught:
        target.storage(files=files)
    assert caught.value.code == "IGN3003"
    assert str(caught.value.origin) == "config.ign: /storage/files/1"
    assert not target.at("/a").exists()
    target.storage(files=files, directories=[{"path": "/f", "overwrite": True}])
    assert target.at(f"{below}/x").read_text() == "a"


def test_every_refusal_is_reported(target: Target) -> None:
    target.put("/f", "old")
    target.put("/g", "old")
    with pytest.raises(FailureGroup) as caught:
        target.storage(
            files=[{"path": f"/{name}", "contents": {"source": "data:,new"}} for name in "fg"]
        )
    assert [str(one.origin) for one in caught.value.failures] == [
        "config.ign: /storage/files/0",
        "config.ign: /storage/files/1",
    ]


def test_directory_in_the_way(target: Target) -> None:
    target.put("/d/child", "precious")
    with pytest.raises(Refused, match="A non regular file exists there already"):
        target.file("/d", "x")
    assert target.at("/d/child").read_text() == "precious"
    target.file("/d", "x", overwrite=True)
    assert target.at("/d").read_text() == "x"


@pytest.mark.parametrize("points_to", ["/there", "/nowhere"])
def test_symlink_is_replaced_not_followed(target: Target, points_to: str) -> None:
    target.put("/there", "untouched")
    target.link("/l", points_to)
    target.storage(files=[{"path": "/l", "contents": {"source": ""}, "overwrite": True}])
    assert target.at("/l").read_bytes() == b""
    assert not target.at("/l").is_symlink()
    assert target.at("/there").read_text() == "untouched"
    assert not target.at("/nowhere").exists()


def test_file_without_contents_on_a_symlink(target: Target) -> None:
    target.put("/there")
    target.link("/l", "there")
    with pytest.raises(Refused) as caught:
        target.file("/l")
    assert caught.value.code == "IGN3104"


def test_file_without_contents_keeps_an_existing_file(target: Target) -> None:
    target.put("/f", "old", 0o640, (5, 6))
    before = target.tree()
    target.file("/f")
    assert target.tree() == before


def test_file_without_contents_takes_owner_and_mode(target: Target) -> None:
    target.put("/f", "old", 0o640, (5, 6))
    target.file("/f", mode=0o600, user={"id": 7})
    assert target.at("/f").read_text() == "old"
    target.file("/f", user={"id": 7}, group={"id": 6})
    assert not any("setuid" in line for line in target.log)
    assert (target.mode("/f"), target.owner("/f")) == (0o600, (7, 6))


def test_file_without_contents_loses_setuid_with_a_warning(target: Target) -> None:
    # The same result as with Ignition; the warning tells how to keep the bits.
    target.put("/f", "old", 0o6755)
    target.file("/f")
    assert target.mode("/f") == 0o755
    assert any("has lost its setuid" in line for line in target.log)
    target.at("/f").chmod(0o6755)
    target.file("/f", mode=0o6755)
    assert target.mode("/f") == 0o6755


def test_file_without_contents_is_made_empty(target: Target) -> None:
    target.file("/f")
    assert target.at("/f").read_bytes() == b""
    assert target.mode("/f") == 0o644


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_special_files(target: Target, kind: str, overwrite: bool) -> None:
    path = target.at("/s")
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    else:
        with socket.socket(socket.AF_UNIX) as server:
            here = Path.cwd()
            os.chdir(target.root)
            server.bind("s")
            os.chdir(here)
    if overwrite:
        target.file("/s", "x", overwrite=True)
        assert target.at("/s").read_text() == "x"
    else:
        with pytest.raises(Refused):
            target.file("/s", "x")
        assert not path.is_file()


def test_parent_that_is_a_file(target: Target) -> None:
    target.put("/file", "x")
    with pytest.raises(Failure, match="not a directory") as caught:
        target.file("/file/x", "y")
    assert caught.value.code == "IGN3003"
    assert caught.value.origin is not None


def test_many_files_of_one_folder_are_one_step(target: Target) -> None:
    files = [{"path": f"/d/{n}", "contents": {"source": f"data:,{n}"}} for n in range(500)]
    assert target.storage(files=files) == ["record existing files", "write 500 files in /d"]
    assert {path.name: path.read_text() for path in target.at("/d").iterdir()} == {
        str(n): str(n) for n in range(500)
    }


def test_run_again_changes_nothing(target: Target) -> None:
    config: dict[str, list[dict[str, Any]]] = {
        "directories": [{"path": "/d", "mode": 0o700, "user": {"id": 5}}],
        "files": [
            {"path": "/d/f", "contents": {"source": "data:,x"}, "mode": 0o600},
            {"path": "/empty"},
            {"path": "/d/g", "contents": {"source": "data:,y"}, "append": [{"source": "data:,z"}]},
            {"path": "/d/h", "append": [{"source": "data:,h"}]},
        ],
        "links": [
            {"path": "/d/s", "target": "f"},
            {"path": "/d/hard", "target": "/d/f", "hard": True},
        ],
    }
    target.storage(**config)
    before = {path: target.at(path).lstat() for path in target.tree()}
    target.storage(**config)
    assert {path: target.at(path).lstat() for path in target.tree()} == before
    assert target.at("/d/h").read_text() == "h"
    assert not any("wrote" in line for line in target.log)


def test_temporary_files_of_an_interrupted_run_are_removed(target: Target) -> None:
    target.put("/d/.ignition-tmp-0badc0de-1", "half")
    target.put("/d/other", "kept")
    target.file("/d/f", "x")
    assert sorted(path.name for path in target.at("/d").iterdir()) == ["f", "other"]


class TestAppend:
    def test_after_contents(self, target: Target) -> None:
        append = [{"source": "data:,two"}, {"source": "data:,three"}]
        target.file("/f", "one", append=append, user={"id": 500}, group={"id": 500})
        assert target.at("/f").read_text() == "onetwothree"
        assert target.owner("/f") == (500, 500)

    def test_to_an_existing_file(self, target: Target) -> None:
        target.put("/f", "one", 0o640, (500, 500))
        inode = target.at("/f").stat().st_ino
        target.file("/f", append=[{"source": "data:,two"}])
        assert target.at("/f").read_text() == "onetwo"
        assert (target.mode("/f"), target.owner("/f")) == (0o640, (500, 500))
        assert target.at("/f").stat().st_ino == inode

    def test_to_a_missing_file(self, target: Target) -> None:
        target.file("/f", append=[{"source": "data:,two"}], group={"id": 500})
        assert target.at("/f").read_text() == "two"
        assert target.owner("/f") == (0, 500)

    def test_to_a_directory(self, target: Target) -> None:
        target.folder("/d")
        with pytest.raises(Refused):
            target.file("/d", append=[{"source": "data:,two"}])

    def test_second_fragment_is_invalid(self, target: Target) -> None:
        target.put("/f", "one")
        bad = {"source": "data:,x", "verification": {"hash": "sha256-" + "0" * 64}}
        with pytest.raises(Failure):
            target.file("/f", append=[{"source": "data:,two"}, bad])
        assert target.at("/f").read_text() == "one"
        assert not leftovers(target)

    def test_twice_with_the_same_config_appends_once(self, target: Target) -> None:
        target.put("/f", "one")
        for _ in range(3):
            target.file("/f", append=[{"source": "data:,two"}])
        assert target.at("/f").read_text() == "onetwo"

    def test_each_file_is_tracked_separately(self, target: Target) -> None:
        files = [{"path": f"/{name}", "append": [{"source": f"data:,{name}"}]} for name in "fg"]
        target.put("/f", "1")
        target.put("/g", "22")
        for _ in range(2):
            target.storage(files=files)
            assert (target.at("/f").read_text(), target.at("/g").read_text()) == ("1f", "22g")

    def test_with_another_config_appends_again_and_warns(self, target: Target) -> None:
        target.put("/f", "one")
        target.file("/f", append=[{"source": "data:,two"}])
        files = [{"path": "/f", "append": [{"source": "data:,two"}], "mode": 0o600}]
        for warned in (True, True):
            target.run({"storage": {"files": files}}, "prepare", "users", "files")
            assert any("another config" in line for line in target.log) == warned
            assert target.at("/f").read_text() == "onetwotwo"

    @pytest.mark.parametrize("written", ["", "t", "two", "two and what others wrote"])
    def test_interrupted_at_any_point(self, target: Target, written: str) -> None:
        target.put("/f", "one")
        target.file("/f", append=[{"source": "data:,two"}])
        target.put("/f", "one" + written)
        target.file("/f", append=[{"source": "data:,two"}])
        assert target.at("/f").read_text() == "one" + max("two", written)

    @pytest.mark.parametrize("written", ["", "t", "two", "two and what others wrote"])
    def test_new_file_interrupted_at_any_point(self, target: Target, written: str) -> None:
        target.file("/f", append=[{"source": "data:,two"}])
        target.put("/f", written)
        target.file("/f", append=[{"source": "data:,two"}])
        assert target.at("/f").read_text() == max("two", written)

    @pytest.mark.parametrize(
        ("now", "then"), [("1two", "1two"), ("1", "1two"), ("other", "othertwo")]
    )
    def test_changed_since_the_last_run(self, target: Target, now: str, then: str) -> None:
        target.put("/f", "one")
        target.file("/f", append=[{"source": "data:,two"}])
        target.put("/f", now)
        target.file("/f", append=[{"source": "data:,two"}])
        assert target.at("/f").read_text() == then


class TestTrouble:
    def test_disk_full(self, target: Target, small_disk: Path) -> None:
        target.put("/small/f", "old")
        with pytest.raises(Failure, match="no space left") as caught:
            target.file("/small/f", "x" * 200_000, overwrite=True)
        assert caught.value.code == "IGN3001"
        assert str(caught.value.origin) == "config.ign: /storage/files/0"
        assert target.at("/small/f").read_text() == "old"
        assert not leftovers(target)

    def test_disk_full_while_appending(self, target: Target, small_disk: Path) -> None:
        target.put("/small/f", "old")
        with pytest.raises(Failure, match="no space left"):
            target.file("/small/f", append=[{"source": data_url("x" * 50_000)}])
        assert target.at("/small/f").read_text() == "old"
        assert not leftovers(target)

    def test_read_only(self, target: Target, small_disk: Path) -> None:
        import subprocess

        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        with pytest.raises(Failure, match="read-only") as caught:
            target.file("/small/f", "x")
        assert caught.value.code == "IGN3002"

    def test_name_too_long(self, target: Target) -> None:
        with pytest.raises(Failure, match="too long"):
            target.file("/" + "n" * 300, "x")

    def test_immutable_folder(self, target: Target) -> None:
        import subprocess

        folder = target.folder("/fixed")
        if subprocess.run(["chattr", "+i", folder], capture_output=True, check=False).returncode:
            pytest.skip("no immutable flag on this file system")
        try:
            with pytest.raises(Failure, match="operation not permitted"):
                target.file("/fixed/f", "x")
        finally:
            subprocess.run(["chattr", "-i", folder], check=True)


@pytest.fixture
def small_disk(target: Target) -> Iterator[Path]:
    import subprocess

    point = target.folder("/small")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "small", point], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("cannot mount here")
    yield point
    subprocess.run(["umount", point], check=True)
