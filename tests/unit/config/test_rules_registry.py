# SPDX-License-Identifier: Apache-2.0
"""Every rule has a code of its own, a hint and its documentation, and some config breaks it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections import Counter
from pathlib import Path

import pytest

from ignition.config import rules, shapes
from ignition.config.rules.rule import Rule
from tests.support.random_configs import Configs


def all_rules() -> dict[str, Rule]:
    """`module.CONSTANT` -> rule, of the modules where they are defined."""
    found = {}
    for module in pkgutil.iter_modules(rules.__path__):
        names = importlib.import_module(f"{rules.__name__}.{module.name}").__dict__
        for constant in documented(module.name):
            found[f"{module.name}.{constant}"] = names[constant]
    return found


def documented(module: str) -> dict[str, str]:
    """Constant -> the text below it, for each rule that a module defines."""
    path = Path(rules.__path__[0]) / f"{module}.py"
    body = ast.parse(path.read_text()).body
    found = {}
    for statement, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.value, ast.Call)
            and isinstance(statement.value.func, ast.Name)
            and statement.value.func.id == "Rule"
        ):
            (name,) = statement.targets
            text = following.value if isinstance(following, ast.Expr) else None
            assert isinstance(name, ast.Name)
            found[name.id] = str(text.value) if isinstance(text, ast.Constant) else ""
    return found


RULES = all_rules()
# What Ignition's validator accepts and no machine can be given. The tests of lint break each of these.
BESIDE_THE_VERDICT = ("values", "fetches", "headers")


def test_there_are_rules() -> None:
    assert len(RULES) > 70


def test_codes_are_unique() -> None:
    assert [
        code for code, times in Counter(r.code for r in RULES.values()).items() if times > 1
    ] == []


@pytest.mark.parametrize("name", RULES)
def test_rule_is_complete(name: str) -> None:
    rule = RULES[name]
    module, _, constant = name.partition(".")
    assert "IGN1100" < rule.code < "IGN2000"
    assert len(rule.code) == 7
    assert rule.severity in ("error", "warning")
    assert rule.message
    assert rule.hint
    assert not rule.hint.endswith(".")
    assert documented(module)[constant].endswith((".", ")"))


def test_every_rule_is_broken_by_some_config() -> None:
    """That the random configs, which are compared with Ignition, break all rules that make the verdict."""
    missing = {
        rule.code
        for name, rule in RULES.items()
        if name.partition(".")[0] not in BESIDE_THE_VERDICT
    }
    # A config that says another version is read as one of that version.
    missing -= {"IGN1201", "IGN1202"}
    for seed in range(2000):
        version = shapes.VERSIONS[seed % len(shapes.VERSIONS)]
        config = Configs(seed, odd=0.3, full=0.7).config(version)
        missing -= {found.code for found in rules.findings(config, version)}
        if not missing:
            break
    assert sorted(missing) == []
