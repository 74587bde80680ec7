# SPDX-License-Identifier: Apache-2.0
"""Occupied paths: made by an earlier run of this config, or foreign."""

from __future__ import annotations

import os
import tracemalloc
from typing import Any

import pytest

from ignition.base.errors import Failure, Refused
from tests.support.skeleton import furnish
from tests.support.target import Target

COMPRESSED = "data:;base64,H4sIAAAAAAACAytPzCtJTQEAOLjj2QYAAAA="
WANTED = {"path": "/f", "contents": {"source": "data:,wanted"}}


def config(**more: Any) -> dict[str, Any]:
    return {"storage": {"files": [{**WANTED, **more}]}}


@pytest.mark.parametrize(
    ("there", "mode", "owner"),
    [
        pytest.param("wanted", 0o644, (0, 0), id="the same"),
        pytest.param("", 0o644, (0, 0), id="empty"),
        pytest.param("wan", 0o644, (0, 0), id="its beginning"),
        pytest.param("wanted", 0o600, (0, 0), id="other mode"),
        pytest.param("wanted", 0o644, (5, 0), id="other owner"),
        pytest.param("wanted", 0o644, (0, 5), id="other group"),
        pytest.param("wanted and more", 0o644, (0, 0), id="more"),
    ],
)
@pytest.mark.parametrize("overwrite", [{}, {"overwrite": False}])
def test_foreign_file_is_refused_whatever_its_contents(
    target: Target, there: str, mode: int, owner: tuple[int, int], overwrite: dict[str, bool]
) -> None:
    target.put("/f", there, mode, owner)
    before = target.tree()
    for _ in range(2):
        with pytest.raises(Refused, match="A file exists there already") as caught:
            target.run(config(**overwrite), "files", "finish")
        assert caught.value.code == "IGN3103"
        assert target.tree() == before


def test_file_from_skel_is_foreign(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    furnish(target)
    wanted = {"path": "/home/new/.profile", "contents": {"source": "data:,mine"}}
    first = {"path": "/first", "contents": {"source": "data:,x"}}
    both = {"passwd": {"users": [{"name": "new"}]}, "storage": {"files": [first, wanted]}}
    for _ in range(2):
        with pytest.raises(Failure, match="A file exists there already") as caught:
            target.run(both, "prepare", "users", "files", "finish")
        assert caught.value.code == "IGN3103"
        assert str(caught.value.origin) == "config.ign: /storage/files/1"
        assert target.at("/home/new/.profile").read_text() == "# profile\n"
        assert not target.at("/first").exists()


@pytest.mark.parametrize("remains", ["", "wan", "torn", "wanted", "wanted and more"])
@pytest.mark.parametrize(
    "contents",
    [{"source": "data:,wanted"}, {"source": COMPRESSED, "compression": "gzip"}],
    ids=["plain", "compressed"],
)
def test_file_of_an_interrupted_run_is_rewritten(
    target: Target, remains: str, contents: dict[str, str]
) -> None:
    interrupted = {"contents": contents, "mode": 0o640, "user": {"id": 5}}
    target.run(config(**interrupted), "files")
    target.put("/f", remains, 0o600)
    target.run(config(**interrupted), "files")
    assert target.at("/f").read_text() == "wanted"
    assert (target.mode("/f"), target.owner("/f")) == (0o640, (5, 0))


def test_file_that_existed_before_the_run_stays_foreign(target: Target) -> None:
    target.put("/g", "wanted")
    files = [WANTED, {"path": "/g", "contents": {"source": "data:,wanted"}, "overwrite": True}]
    target.run({"storage": {"files": files}}, "files")
    target.put("/f", "half")
    target.run({"storage": {"files": files}}, "files")
    assert target.at("/f").read_text() == "wanted"


def test_file_of_another_config_is_foreign(target: Target) -> None:
    target.run(config(), "files")
    for more in ({"mode": 0o600}, {"contents": {"source": "data:,wanted%20now"}}):
        with pytest.raises(Refused, match="A file exists there already"):
            target.run(config(**more), "files")
    assert target.at("/f").read_text() == "wanted"


@pytest.mark.parametrize(
    "contents",
    [{"source": "data:,wanted"}, {"source": COMPRESSED, "compression": "gzip"}],
    ids=["plain", "compressed"],
)
def test_file_of_a_complete_run_is_kept_unless_changed(
    target: Target, contents: dict[str, str]
) -> None:
    for _ in range(3):
        target.run(config(contents=contents), "files", "finish")
    target.put("/f", "wanted", 0o600)
    target.run(config(contents=contents), "files", "finish")
    assert target.mode("/f") == 0o644
    target.put("/f", "changed")
    for _ in range(2):
        with pytest.raises(Refused, match="A file exists there already"):
            target.run(config(contents=contents), "files", "finish")
        assert target.at("/f").read_text() == "changed"


def test_file_of_a_complete_run_below_setgid_is_kept(target: Target) -> None:
    target.folder("/s", 0o2755, (0, 7))
    below = {"storage": {"files": [{"path": "/s/f", "contents": {"source": "data:,x"}}]}}
    target.run(below, "files", "finish")
    inode = target.at("/s/f").stat().st_ino
    target.run(below, "files", "finish")
    assert target.at("/s/f").stat().st_ino == inode


@pytest.mark.parametrize("kind", ["directory", "symlink"])
def test_other_nodes_are_foreign_after_an_interruption(target: Target, kind: str) -> None:
    target.run(config(), "files")
    target.at("/f").unlink()
    target.put("/f/child") if kind == "directory" else target.link("/f", "/nowhere")
    with pytest.raises(Refused):
        target.run(config(), "files")
    assert target.at("/f").is_dir() or target.at("/f").is_symlink()


@pytest.mark.parametrize("note", ["[]", '"there"', '{"x":1}', "null", '[1,null,{"a":[]}]'])
def test_forged_notes_do_no_harm(target: Target, note: str) -> None:
    target.run(config(), "files")
    journal = target.at("/etc/.ignition-journal")
    journal.write_text(journal.read_text().replace('"there":[]', f'"there":{note}'))
    target.put("/f", "other")
    try:
        target.run(config(), "files")
    except Refused:
        assert target.at("/f").read_text() == "other"
    else:
        assert target.at("/f").read_text() == "wanted"


def test_all_notes_of_a_config_are_written_at_once(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    for number in range(200):
        target.put(f"/d/{number % 3}/{number}", "old")
    files = [
        {"path": f"/d/{number % 3}/{number}", "append": [{"source": "data:,new"}]}
        for number in range(300)
    ]
    target.storage(files=[*files, WANTED])
    assert len(synced) <= 3
    for number in range(300):
        expected = "oldnew" if number < 200 else "new"
        assert target.at(f"/d/{number % 3}/{number}").read_text() == expected


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_appending_to_two_names_of_one_file(target: Target, order: str) -> None:
    target.put("/a", "old")
    target.at("/b").hardlink_to(target.at("/a"))
    files = [{"path": f"/{name}", "append": [{"source": f"data:,+{name}"}]} for name in order]
    target.storage(files=files)
    first, second = list(order)
    assert target.at("/a").read_text() == f"old+{first}+{second}"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_journal_does_not_block_an_entry(target: Target, kind: str) -> None:
    if kind == "link":
        target.storage(links=[{"path": "/etc", "target": "/usr/etc"}], files=[WANTED])
        assert str(target.at("/etc").readlink()) == "/usr/etc"
    else:
        target.storage(files=[WANTED, {"path": "/etc", "contents": {"source": "data:,x"}}])
        assert target.at("/etc").read_text() == "x"


def test_symlink_has_its_owner_from_the_start(target: Target) -> None:
    # A link that an interrupted run left is kept, so its owner must be set before it gets its name.
    target.put("/t", owner=(7, 8))
    links: list[dict[str, Any]] = [
        {"path": "/l", "target": "t"},
        {"path": "/m", "target": "t", "user": {"id": 5}, "group": {"id": 6}},
    ]
    seen: dict[str, tuple[int, int]] = {}
    rename = os.rename

    def watched(old: str, new: str, **more: int) -> None:
        found = os.stat(old, dir_fd=more["src_dir_fd"], follow_symlinks=False)
        seen[new] = found.st_uid, found.st_gid
        rename(old, new, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "rename", watched)
        target.storage(links=links)
    assert seen == {"l": (7, 8), "m": (5, 6)}


MIB = 1 << 20


@pytest.mark.parametrize("there", ["old" * MIB, "o" * (MIB - 1), "o" * MIB])
@pytest.mark.parametrize("size", [1, 2 * MIB])
@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0, 1.5])
def test_interrupted_append_to_a_large_file(
    target: Target, there: str, size: int, progress: float
) -> None:
    wanted = "n" * size
    files = {"storage": {"files": [{"path": "/f", "append": [{"source": f"data:,{wanted}"}]}]}}
    target.put("/f", there)
    target.run(files, "files")
    assert target.at("/f").read_text() == there + wanted
    written = (wanted + "n" * size)[: int(progress * size)]
    target.put("/f", there + written)
    target.run(files, "files")
    assert target.at("/f").read_text() == there + (written if progress >= 1 else wanted)


@pytest.mark.parametrize("place", [0, MIB - 5, MIB, 2 * MIB - 3, 3 * MIB])
@pytest.mark.parametrize("size", [10, MIB + 7])
def test_append_is_found_in_a_changed_file(target: Target, place: int, size: int) -> None:
    wanted = "n" * size
    files = {"storage": {"files": [{"path": "/f", "append": [{"source": f"data:,{wanted}"}]}]}}
    target.put("/f", "old")
    target.run(files, "files")
    changed = "c" * place + wanted + "d" * (3 * MIB - place)
    target.put("/f", changed)
    target.run(files, "files")
    assert target.at("/f").read_text() == changed
    target.put("/f", changed.replace("nd", "xd").replace("cn", "cx") if place else "d" * MIB)
    target.run(files, "files")
    assert target.at("/f").read_text().endswith(wanted)


def test_appending_to_a_huge_file_reads_only_its_end(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.put("/f")
    huge = 200 << 30
    os.truncate(target.at("/f"), huge)
    files = {"storage": {"files": [{"path": "/f", "append": [{"source": "data:,new"}]}]}}
    read = 0
    pread = os.pread

    def counted(fileno: int, size: int, offset: int) -> bytes:
        nonlocal read
        read += size
        assert read < 16 * MIB
        return pread(fileno, size, offset)

    monkeypatch.setattr(os, "pread", counted)
    for _ in range(2):
        read = 0
        tracemalloc.start()
        target.run(files, "files")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 16 * MIB
    assert target.at("/f").stat().st_size == huge + 3


def test_changed_huge_file_is_searched_near_its_end(target: Target) -> None:
    target.put("/f")
    huge = 200 << 30
    os.truncate(target.at("/f"), huge)
    files = {"storage": {"files": [{"path": "/f", "append": [{"source": "data:,new"}]}]}}
    target.run(files, "files")
    with target.at("/f").open("r+b") as file:
        file.seek(huge - 10)
        file.write(b"changed")
    target.run(files, "files")
    assert target.at("/f").stat().st_size == huge + 3
