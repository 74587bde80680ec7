# SPDX-License-Identifier: Apache-2.0
"""The picture of the packages and their imports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import architecture
from tools.architecture import PACKAGES


def test_every_package_is_drawn() -> None:
    packages = {
        f"ignition/{path.parent.name}"
        for path in (architecture.CHECKOUT / "ignition").glob("*/__init__.py")
        if not path.parent.is_symlink()
    }
    assert packages < {package.folder for package in PACKAGES}


def test_a_package_is_above_all_that_it_imports() -> None:
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set[str](), "d": {"c"}}
    assert architecture.layers(graph) == {"a": 2, "b": 1, "c": 0, "d": 1}


def test_implied_imports_are_left_out() -> None:
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set[str]()}
    assert architecture.essential(graph) == {"a": {"b"}, "b": {"c"}, "c": set()}


@pytest.mark.parametrize(("factor", "stays"), [(1.1, True), (0.9, True), (2, False)])
def test_a_line_count_stays_until_it_is_wrong_by_a_fifth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: float, stays: bool
) -> None:
    monkeypatch.setattr(architecture, "PICTURE", tmp_path / "picture.svg")
    count = architecture.line_counts()["ignition/lint"]
    drawn = architecture.draw(*architecture.read_imports(), architecture.line_counts())
    other = round(count * factor, -2) if stays else round(count * factor)
    pattern = "(>ignition/lint</text>\n.*\n.*about )[0-9,]+( lines)"
    architecture.PICTURE.write_text(re.sub(pattern, rf"\g<1>{other:,.0f}\2", drawn))
    assert (architecture.line_counts()["ignition/lint"] == other) is stays
