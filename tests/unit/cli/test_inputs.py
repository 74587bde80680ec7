# SPDX-License-Identifier: Apache-2.0
"""Expansion of arguments to config files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.cli.inputs import expand_paths


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.ign", "a.ign", "sub/c.ign", "sub/deep/d.ign", "sub/notes.txt", "odd[1].ign"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "many").mkdir()
    for number in range(99, 0, -7):
        (tmp_path / "many" / f"{number:02}.ign").write_text("{}")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("args", "files"),
    [
        pytest.param(["b.ign", "a.ign"], ["b.ign", "a.ign"], id="the order of the arguments"),
        pytest.param(["sub"], ["sub/c.ign", "sub/deep/d.ign"], id="folder"),
        pytest.param(
            ["many"], [f"many/{number:02}.ign" for number in range(1, 100, 7)], id="sorted"
        ),
        pytest.param(["sub/*"], ["sub/c.ign", "sub/deep/d.ign", "sub/notes.txt"], id="pattern"),
        pytest.param(["**/d.ign"], ["sub/deep/d.ign"], id="pattern over folders"),
        pytest.param(["odd[1].ign"], ["odd[1].ign"], id="a name that looks like a pattern"),
        pytest.param(["sub", "sub/c.ign"], ["sub/c.ign", "sub/deep/d.ign"], id="each once"),
        pytest.param(["-", "a.ign"], ["-", "a.ign"], id="standard input"),
        pytest.param(["none.ign"], ["none.ign"], id="reading finds out what is missing"),
    ],
)
def test_expand_paths(args: list[str], files: list[str]) -> None:
    assert expand_paths(args) == files


@pytest.mark.parametrize("word", ["empty", "*.none"])
def test_argument_without_matches_is_a_usage_error(word: str) -> None:
    with pytest.raises(Failure, match=word.replace("*", r"\*")) as failure:
        expand_paths([word])
    assert failure.value.code == "IGN6310"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "contains no files"),
        (["web.bu", "README"], "butane --strict web.bu"),
        (["config.json"], "found config.json: name the configs"),
        ([f"{number}.txt" for number in range(9)], "0.txt, 1.txt, 2.txt, 3.txt, 4.txt, ..."),
    ],
)
def test_directory_without_configs_lists_its_files(
    names: list[str], said: str, tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / "empty" / name).touch()
    with pytest.raises(Failure) as caught:
        expand_paths(["empty"])
    assert said in caught.value.hint
