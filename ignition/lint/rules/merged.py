# SPDX-License-Identifier: Apache-2.0
"""Configs that become invalid when the configs in their data URLs are merged into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import ERROR
from ignition.base.origin import pointer
from ignition.config import rules, shapes
from ignition.config.merge import merge
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from typing import Any

    from ignition.config.rules.rule import RuleFinding
    from ignition.lint.rule import Path, Violation

    Value = dict[str, Any]

INVALID_WHEN_MERGED = LintRule(
    "IGN1997",
    "valid on its own, but not after merging",
    hint="check both configs for entries that conflict",
    severity=ERROR,
)
"""The engine merges a config with the configs that it references and validates the result against the newest
spec. The result is invalid, for example, if one config has a file below a symlink of the other. Lint only
looks into data URLs."""


def check_merge(value: Value, children: list[tuple[Path, Value]]) -> Violation | None:
    """The violation, located at the first child that makes the merged config invalid; None if it is valid.

    All values must be in the newest spec version.
    """
    merged = value
    for _, child in children:
        merged = merge(merged, child)
    if _first_error(merged) is None:
        return None
    merged = value
    for path, child in children:
        merged = merge(merged, child)
        broken = _first_error(merged)
        if broken is not None:
            where = pointer(broken.path)
            message = f"invalid after merging: {broken.message} at {where} of the merged config"
            return INVALID_WHEN_MERGED.at(path, message, broken.hint)
    return None


def _first_error(value: Value) -> RuleFinding | None:
    found = rules.findings(value, shapes.NEWEST, duplicates=False)
    return next((each for each in found if each.severity == ERROR), None)
