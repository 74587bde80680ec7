# SPDX-License-Identifier: Apache-2.0
"""Every rule has a unique code, a hint and documentation, and some config violates it."""

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
    """`module.CONSTANT` -> rule, for the defining modules."""
    found = {}
    for module in pkgutil.iter_modules(rules.__path__):
        names = importlib.import_module(f"{rules.__name__}.{module.name}").__dict__
        for constant in documented(module.name):
            found[f"{module.name}.{constant}"] = names[constant]
    return found


def documented(module: str) -> dict[str, str]:
    """Constant -> its documentation, for each rule that a module defines."""
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
# Ignition's validator accepts these, although they cannot be applied. Tests of lint violate each.
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


def test_some_random_config_violates_every_rule() -> None:
    """The random configs that are compared with Ignition cover every rule that affects the verdict."""
    missing = {
        rule.code
        for name, rule in RULES.items()
        if name.partition(".")[0] not in BESIDE_THE_VERDICT
    }
    # The version of a config selects its rules.
    missing -= {"IGN1201", "IGN1202"}
    for seed in range(2000):
        version = shapes.VERSIONS[seed % len(shapes.VERSIONS)]
        config = Configs(seed, odd=0.3, full=0.7).config(version)
        missing -= {found.code for found in rules.findings(config, version)}
        if not missing:
            break
    assert sorted(missing) == []
