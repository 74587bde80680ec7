# SPDX-License-Identifier: Apache-2.0
"""Every outcome in docs/faults.md cites an existing test that checks its code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ignition.base.codes import CODES
from ignition.lint.registry import RULES

CHECKOUT = Path(__file__).parents[3]


def rows() -> list[list[str]]:
    lines = (CHECKOUT / "docs/faults.md").read_text().splitlines()
    table = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in table[2:]]


def places(tests: str) -> list[tuple[Path, str]]:
    found = []
    for each in tests.replace("`", "").split(", "):
        name, _, function = each.partition("::")
        folder = "tests" if name.startswith("machine/") else "tests/unit"
        found.append((CHECKOUT / folder / name, function))
    return found


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_row(row: list[str]) -> None:
    _, outcome, code, tests = row
    assert outcome
    text = ""
    for path, function in places(tests):
        source = path.read_text()
        tree = ast.parse(source)
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert function in functions, f"{path.name} has no {function}"
        text += source
    if code:
        assert code in CODES or code in RULES
        assert f'"{code}"' in text
