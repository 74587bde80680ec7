# SPDX-License-Identifier: Apache-2.0
"""Symlinks of the target on the way to an entry."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure, FailureGroup, Refused
from tests.support.descriptors import descriptors_left
from tests.support.target import Target


def test_two_entries_at_one_path(target: Target) -> None:
    target.link("/foo", "/")
    with pytest.raises(Refused) as caught:
        target.storage(files=[{"path": "/foo/bar/baz"}, {"path": "/bar/baz"}, {"path": "/other"}])
    assert caught.value.text == (
        "file at /bar/baz resolved to /bar/baz after symlink chasing, but another entry with path"
        " /foo/bar/baz also resolves there"
    )
    assert str(caught.value.origin) == "config.ign: /storage/files/1/path"
    assert [path.name for path in target.root.iterdir()] == ["foo"]


def test_all_clashes_are_reported(target: Target) -> None:
    target.link("/l", "/")
    with pytest.raises(FailureGroup) as caught:
        target.storage(
            directories=[{"path": "/l/a"}, {"path": "/l/b"}],
            files=[{"path": "/a"}],
            links=[{"path": "/b", "target": "x"}],
        )
    assert [one.text.split()[0] for one in caught.value.failures] == ["file", "link"]


@pytest.mark.parametrize(
    ("links", "path", "lands"),
    [
        pytest.param({"/data": "/var/data"}, "/data/x", "/var/data/x", id="absolute"),
        pytest.param({"/data": "var/data"}, "/data/x", "/var/data/x", id="relative"),
        pytest.param({"/d": "../../../../etc"}, "/d/x", "/etc/x", id="above the root"),
        pytest.param({"/a": "/b", "/b": "/c"}, "/a/x", "/c/x", id="chain"),
        pytest.param({"/a": "/b/s", "/b": "/c"}, "/a/x", "/c/s/x", id="through another"),
        pytest.param({"/a": "/missing"}, "/a/x", "/missing/x", id="missing"),
        pytest.param({"/a/b/c": "../d"}, "/a/b/c/x", "/a/d/x", id="up one"),
        pytest.param({"/a/l": "/b/m", "/b/m": "../c"}, "/a/l/x", "/c/x", id="up behind a link"),
        pytest.param({"/a": "/b/../c"}, "/a/x", "/c/x", id="up from what is missing"),
        pytest.param({"/a": "."}, "/a/x", "/x", id="itself"),
        pytest.param({"/a": "//b///c/."}, "/a/x", "/b/c/x", id="unclean text"),
    ],
)
def test_links_stay_inside(
    target: Target, tmp_path: Path, links: dict[str, str], path: str, lands: str
) -> None:
    for link, text in links.items():
        target.link(link, text)
    target.file(path, "landed")
    assert target.at(lands).read_text() == "landed"
    assert not target.at(lands).is_symlink()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["root", "run"]


def test_links_that_lead_to_the_real_root(target: Target, tmp_path: Path) -> None:
    # For the kernel, /a is the folder outside; inside the root it is a folder of that name.
    outside = tmp_path / "outside"
    outside.mkdir()
    target.link("/a", "/b")
    target.link("/b", str(outside))
    target.file("/a/x", "x")
    assert list(outside.iterdir()) == []
    assert target.at(f"{outside}/x").read_text() == "x"


@pytest.mark.parametrize("text", ["/a", "a", "/b"])
def test_loop(target: Target, text: str) -> None:
    target.link("/a", text)
    target.link("/b", "/a")
    with pytest.raises(Failure, match="too many symlinks") as caught:
        target.file("/a/x", "x")
    assert caught.value.code == "IGN3004"


def test_made_parents_are_root_owned(target: Target) -> None:
    target.link("/a", "/missing/deep")
    target.file("/a/b/x", "x", user={"id": 5}, mode=0o600)
    for path in ("/missing", "/missing/deep", "/missing/deep/b"):
        assert (target.mode(path), target.owner(path)) == (0o755, (0, 0))


def test_links_of_the_config_do_not_move_its_other_entries(target: Target) -> None:
    # Paths are resolved before anything is made, so /real/l/x needs a folder where the link will be.
    target.link("/by", "/real")
    target.folder("/elsewhere")
    target.storage(
        links=[{"path": "/real/l", "target": "/elsewhere"}],
        files=[{"path": "/by/m/x", "contents": {"source": "data:,x"}}],
    )
    assert target.at("/real/m/x").read_text() == "x"


def test_unusual_names(target: Target) -> None:
    for name in ("with blank", "ünïcode", "new\nline", "-rf", "..hidden", "%2e%2e", '"quoted"'):
        target.file(f"/d/{name}", name)
        assert target.at(f"/d/{name}").read_text() == name


@pytest.mark.parametrize(
    "config",
    [
        {"storage": {"files": [{"path": "/a\0b"}]}},
        {"storage": {"links": [{"path": "/a", "target": "b\0c"}]}},
        {"systemd": {"units": [{"name": "a\0.service", "contents": "x"}]}},
        {"systemd": {"units": [{"name": "a.service", "dropins": [{"name": "\0.conf"}]}]}},
    ],
)
def test_nul_byte(target: Target, config: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        target.run(config, "files", "units")
    assert caught.value.code == "IGN1968"
    assert target.tree() == {}


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    with descriptors_left(110):
        yield


@pytest.mark.usefixtures("few_descriptors")
def test_path_with_more_components_than_descriptors(target: Target) -> None:
    target.link("/up", "d/d/../d/" + "d/" * 200)
    path = "/d" * 1030 + "/a"
    target.storage(
        directories=[{"path": "/d" * 1029, "mode": 0o700}],
        files=[
            {"path": path, "contents": {"source": "data:,deep"}},
            {"path": "/up/../b", "contents": {"source": "data:,up"}},
        ],
        links=[{"path": "/d" * 1030 + "/l", "target": "a"}],
    )
    assert target.at("/d" * 201 + "/b").read_text() == "up"
    assert target.at(path).read_text() == "deep"
    assert target.mode("/d" * 1029) == 0o700
    subprocess.run(
        ["rm", "-rf", target.at("/d")], check=True
    )  # pytest's cleanup recurses too deeply


def test_missing_root(target: Target) -> None:
    target.settings.root += "/missing"
    with pytest.raises(Failure, match="missing"):
        target.file("/x", "x")


def test_root_behind_a_link_with_a_trailing_slash(target: Target, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(target.root)
    target.settings.root = f"{tmp_path}/alias/"
    target.file("/x", "x")
    assert target.at("/x").read_text() == "x"
