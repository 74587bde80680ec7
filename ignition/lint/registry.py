# SPDX-License-Identifier: Apache-2.0
"""Every code that lint can show, with its documentation: for --explain, docs/rules/ and SARIF.

The documentation of a rule is the text below its constant. Nothing keeps that at run time, so it is read
from the source, when somebody asks for `RULES`.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ignition.base.record import record
from ignition.config import rules as config_rules
from ignition.config.rules.rule import Rule
from ignition.lint import rules as lint_rules
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    RULES: dict[str, RuleDoc]


@record
class RuleDoc:
    """One rule.

    code      stable, `IGN` and four digits
    name      of the constant, as words with dashes: `octal-mode`
    severity  error, warning or info
    title     one line: what is wrong (for rules of the engine, the original's message)
    text      why that is, and what is not reported
    since     the first spec version in which it can happen
    hint      what to do about it
    """

    code: str
    name: str
    severity: str
    title: str
    text: str
    since: str
    hint: str


# Rules of the engine on what later specs brought.
_SINCE = {
    **dict.fromkeys(("IGN1101", "IGN1102", "IGN1103"), "3.0.0"),
}


def __getattr__(name: str) -> Any:
    if name != "RULES":
        raise AttributeError(name)
    found = {rule.code: rule for rule in sorted(_all(), key=lambda rule: rule.code)}
    globals()["RULES"] = found
    return found


def _all() -> Iterator[RuleDoc]:
    for package in (config_rules, lint_rules):
        for module in pkgutil.iter_modules(package.__path__):
            yield from _of_module(f"{package.__name__}.{module.name}")
    yield from _of_module("ignition.lint.verify")
    yield from _of_module("ignition.lint.reading")


def _of_module(name: str) -> Iterator[RuleDoc]:
    """The rules that a module defines: constants made by Rule(...) or LintRule(...)."""
    module = importlib.import_module(name)
    body = ast.parse(_source(module)).body
    for statement, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        constant = statement.targets[0].id
        rule = getattr(module, constant)
        if isinstance(rule, Rule | LintRule):
            text = ast.literal_eval(following.value) if isinstance(following, ast.Expr) else ""
            yield _document(constant, rule, " ".join(text.split()))


def _source(module: Any) -> str:
    with open(module.__file__, encoding="utf-8") as file:
        return file.read()


def _document(constant: str, rule: Rule | LintRule, text: str) -> RuleDoc:
    name = constant.lower().replace("_", "-")
    if isinstance(rule, LintRule):
        title, since = rule.title, rule.since
    else:
        title, since = rule.message, _SINCE.get(rule.code, "3.0.0")
    return RuleDoc(rule.code, name, rule.severity, title, text, since, rule.hint)
