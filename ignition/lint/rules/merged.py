# SPDX-License-Identifier: Apache-2.0
"""Configs that are merged with the ones in their data URLs."""

from __future__ import annotations

from ignition.base.finding import ERROR
from ignition.base.origin import pointer
from ignition.config import rules, shapes
from ignition.config.merge import merge
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.config.rules.rule import RuleFinding
    from ignition.lint.rule import Path, Violation

    Value = dict[str, Any]

INVALID_WHEN_MERGED = LintRule(
    "IGN1997",
    "the configs are valid each by itself, but not when merged",
    hint="look at both: two of their entries do not go together",
    severity=ERROR,
)
"""A boot merges a config with those that it refers to, and checks the result by the newest spec: a file in
one of them below a link in the other, for example. Only configs in data URLs are known here."""


def fault(value: Value, children: list[tuple[Path, Value]]) -> Violation | None:
    """The finding that a config is not valid with the ones that are merged into it, at the first of them with
    which it is not. All are values of the newest spec."""
    merged = value
    for _, child in children:
        merged = merge(merged, child)
    if _broken(merged) is None:
        return None
    merged = value
    for path, child in children:
        merged = merge(merged, child)
        broken = _broken(merged)
        if broken is not None:
            where = pointer(broken.path)
            message = f"not valid once it is merged: {broken.message}, at {where} of the whole"
            return INVALID_WHEN_MERGED.at(path, message, broken.hint)
    return None


def _broken(value: Value) -> RuleFinding | None:
    found = rules.findings(value, shapes.NEWEST, duplicates=False)
    return next((each for each in found if each.severity == ERROR), None)
