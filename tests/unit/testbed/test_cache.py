# SPDX-License-Identifier: Apache-2.0
"""Results are rebuilt exactly when an input changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.testbed.cache import KEPT, build_once, digest


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
