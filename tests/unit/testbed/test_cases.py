# SPDX-License-Identifier: Apache-2.0
"""The cases of a run: names, expectations files, configs that cannot be read."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from ignition.testbed.cases import ImageChoice, collect

CONFIG = b'{"ignition": {"version": "3.4.0"}}'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("web.ign", "db.ign"):
        (tmp_path / name).write_bytes(CONFIG)
    return tmp_path


def test_one_config_is_one_case_named_like_it() -> None:
    (case,) = collect(["web.ign"])
    assert (case.name, case.config, case.data) == ("web.ign", "web.ign", CONFIG)
    assert (case.platform, case.image.name, case.fault) == ("qemu", "debian", "")
    assert case.problem is None and case.expectations is None


def test_a_matrix_has_a_case_for_each_combination() -> None:
    images = [ImageChoice(Path("a.qcow2")), ImageChoice(Path("b.qcow2"))]
    cases = collect(["web.ign", "db.ign"], ["aws", "qemu"], images)
    assert [case.name for case in cases[:4]] == [
        "web.ign [aws, a.qcow2]",
        "web.ign [aws, b.qcow2]",
        "web.ign [qemu, a.qcow2]",
        "web.ign [qemu, b.qcow2]",
    ]
    assert len({case.name for case in cases}) == 8


def test_images_of_one_name_are_told_apart_by_their_path() -> None:
    images = [ImageChoice(Path("old/disk.raw")), ImageChoice(Path("new/disk.raw"))]
    names = [case.name for case in collect(["web.ign"], images=images)]
    assert names == ["web.ign [old/disk.raw]", "web.ign [new/disk.raw]"]


def test_faults_are_an_axis_too() -> None:
    names = [case.name for case in collect(["web.ign"], faults=("net-late", "power-cut=disks"))]
    assert names == ["web.ign [net-late]", "web.ign [power-cut=disks]"]


def test_the_apply_tier_has_neither_platforms_nor_faults() -> None:
    cases = collect(["web.ign"], ["aws", "qemu"], faults=("net-late",), tier="apply")
    assert [(case.tier, case.fault) for case in cases] == [("apply", "")]


def test_a_config_that_is_named_twice_keeps_unique_names() -> None:
    cases = collect(["web.ign", "web.ign"])
    assert [case.name for case in cases] == ["web.ign", "web.ign (2)"]


@pytest.mark.parametrize("end", [".expect.yaml", ".expect.yml", ".expect.json"])
def test_expectations_beside_the_config_are_found(folder: Path, end: str) -> None:
    (folder / f"web{end}").write_text("{}")
    web, db = collect(["web.ign", "db.ign"])
    assert web.expectations == Path(f"web{end}")
    assert db.expectations is None


def test_named_expectations_take_precedence(folder: Path) -> None:
    (folder / "web.expect.yaml").write_text("{}")
    (case,) = collect(["web.ign"], expect=Path("other.yaml"))
    assert case.expectations == Path("other.yaml")


@pytest.mark.parametrize("path", ["missing.ign", "folder.ign"])
def test_a_config_that_cannot_be_read_is_a_case_with_a_problem(folder: Path, path: str) -> None:
    (folder / "folder.ign").mkdir()
    bad, good = collect([path, "web.ign"])
    assert bad.problem is not None and bad.problem.code == "IGN6311"
    assert good.problem is None


def test_the_command_that_repeats_a_case_names_its_axes() -> None:
    (_, case) = collect(
        ["web.ign"],
        ["qemu", "aws"],
        [ImageChoice(Path("my image.qcow2"))],
        faults=("net-late",),
        options=("--memory=2048",),
    )
    assert shlex.split(case.repeat) == [
        *("ignition", "test", "--memory=2048", "--platform", "aws"),
        *("--image", "my image.qcow2", "--fault", "net-late", "web.ign"),
    ]


def test_a_config_whose_name_looks_like_a_flag_can_be_repeated(folder: Path) -> None:
    (folder / "-x.ign").write_bytes(CONFIG)
    (case,) = collect(["-x.ign"])
    assert case.repeat == "ignition test ./-x.ign"
