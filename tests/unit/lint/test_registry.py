# SPDX-License-Identifier: Apache-2.0
"""Every code that lint reports is documented exactly once."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from pathlib import Path

import pytest

from ignition.config import shapes
from ignition.config.rules import findings
from ignition.lint import registry, rules
from ignition.lint.registry import RULES
from ignition.lint.rule import LintRule
from tests.support.random_configs import Configs

LINT = Path(registry.__file__).parent


def lint_rules() -> list[LintRule]:
    modules = ["ignition.lint.verify", "ignition.lint.document_rules"]
    modules += [
        f"{rules.__name__}.{module.name}" for module in pkgutil.iter_modules(rules.__path__)
    ]
    return [
        value
        for name in modules
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, LintRule)
    ]


def test_codes_and_names_are_unique() -> None:
    codes = Counter(rule.code for rule in lint_rules())
    assert [code for code, times in codes.items() if times > 1] == []
    names = Counter(doc.name for doc in RULES.values())
    assert [name for name, times in names.items() if times > 1] == []


def test_every_code_is_registered() -> None:
    assert {rule.code for rule in lint_rules()} <= set(RULES)
    named = set()
    for folder in (LINT, LINT.parent / "config" / "rules"):
        for path in folder.rglob("*.py"):
            named |= set(
                re.findall(r'^\s+"(IGN1\d\d\d)",$|= "(IGN1\d\d\d)"', path.read_text(), re.M)
            )
    assert {one or other for one, other in named} <= set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_rule_is_documented(code: str) -> None:
    doc = RULES[code]
    assert doc.code == code
    assert doc.severity in ("error", "warning", "info")
    assert doc.text.endswith((".", ")"))
    assert doc.title
    assert not doc.title.endswith(".")
    assert doc.hint
    assert not doc.hint.endswith(".")
    assert doc.since in shapes.VERSIONS
    assert doc.name == doc.name.lower().replace("_", "-")


@pytest.mark.parametrize("code", sorted({rule.code for rule in lint_rules()} - {"IGN1000"}))
def test_every_lint_rule_has_a_case(code: str) -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_r*.py"))
    tests += (Path(__file__).parents[1] / "config" / "test_check.py").read_text()
    assert code in tests or code == "IGN1007"


def test_no_rule_applies_before_its_spec_version() -> None:
    for seed in range(600):
        version = shapes.VERSIONS[seed % len(shapes.VERSIONS)]
        for found in findings(Configs(seed, odd=0.3, full=0.7).config(version), version):
            assert shapes.VERSIONS.index(RULES[found.code].since) <= shapes.VERSIONS.index(
                version
            ), found
