# SPDX-License-Identifier: Apache-2.0
"""All rules with their documentation, for --explain, docs/rules/ and SARIF.

The documentation of a rule is the string below its constant. Python discards it at run time, so `RULES`
parses the source on first access.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections import Counter
from typing import TYPE_CHECKING

from ignition.base.record import record
from ignition.config import rules as config_rules
from ignition.config.rules.rule import Rule
from ignition.lint import rules as lint_rules
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    RULES: dict[str, RuleDoc]


@record
class RuleDoc:
    """One rule.

    code      stable, `IGN` and four digits
    name      the constant in kebab case: `octal-mode`
    severity  error, warning or info
    title     one line; for rules of the engine, the message
    text      why it is a problem, and what is not reported
    since     the first spec version that the rule applies to
    hint      what to do about it
    """

    code: str
    name: str
    severity: str
    title: str
    text: str
    since: str
    hint: str


# Rules of the engine that apply from a later spec version on.
_SINCE = {
    "3.1.0": ("IGN1203", "IGN1204", "IGN1205", "IGN1303", "IGN1304", "IGN1305"),
    "3.2.0": ("IGN1801", "IGN1802", "IGN1803", "IGN1804", "IGN1812", "IGN1813", "IGN1814"),
    "3.3.0": ("IGN1414", "IGN1701", "IGN1811"),
    "3.4.0": ("IGN1114", "IGN1815"),
    "3.5.0": ("IGN1805", "IGN1806"),
    "3.7.0-experimental": tuple(f"IGN{number}" for number in range(1611, 1617)),
}


def __getattr__(name: str) -> Any:
    if name != "RULES":
        raise AttributeError(name)
    found = {rule.code: rule for rule in sorted(_all(), key=lambda rule: rule.code)}
    globals()["RULES"] = found
    return found


def _all() -> list[RuleDoc]:
    modules = [
        f"{package.__name__}.{module.name}"
        for package in (config_rules, lint_rules)
        for module in pkgutil.iter_modules(package.__path__)
    ]
    modules += ["ignition.lint.document_rules", "ignition.lint.verify"]
    found = [(module, *rule) for module in modules for rule in _rules_in_module(module)]
    names = Counter(constant for _, constant, _, _ in found)
    return [
        _rule_doc(_name(module, constant, names), rule, text)
        for module, constant, rule, text in found
    ]


def _name(module: str, constant: str, names: Counter[str]) -> str:
    """The constant in kebab case, prefixed with its module if another module has the same constant."""
    theme = module.rpartition(".")[2]
    words = f"{theme}_{constant}" if names[constant] > 1 and theme != "document_rules" else constant
    return words.lower().replace("_", "-")


def _rules_in_module(name: str) -> Iterator[tuple[str, Rule | LintRule, str]]:
    """The rules of a module: name of the constant, rule, documentation."""
    module = importlib.import_module(name)
    body = ast.parse(_source(module)).body
    for statement, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        constant = statement.targets[0].id
        rule = getattr(module, constant)
        if isinstance(rule, Rule | LintRule):
            text = ast.literal_eval(following.value) if isinstance(following, ast.Expr) else ""
            yield constant, rule, " ".join(text.split())


def _source(module: Any) -> str:
    with open(module.__file__, encoding="utf-8") as file:
        return file.read()


def _rule_doc(name: str, rule: Rule | LintRule, text: str) -> RuleDoc:
    if isinstance(rule, LintRule):
        title, since = rule.title, rule.since
    else:
        title = rule.message
        since = next((spec for spec, codes in _SINCE.items() if rule.code in codes), "3.0.0")
    return RuleDoc(rule.code, name, rule.severity, title, text, since, rule.hint)
