# SPDX-License-Identifier: Apache-2.0
"""Findings for which the engine refuses a config; they cannot be disabled."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from ignition.base.finding import ERROR
from ignition.config import codes, rules
from ignition.config.rules.rule import Rule
from ignition.lint.finding import LintFinding


def is_refusal(finding: LintFinding) -> bool:
    """Whether the engine refuses the config because of this finding."""
    return finding.severity == ERROR and finding.code in config_codes()


@cache
def config_codes() -> frozenset[str]:
    """The codes that the engine itself reports on configs."""
    found = {value for name, value in vars(codes).items() if name.isupper() and value[:3] == "IGN"}
    for each in pkgutil.iter_modules(rules.__path__):
        module = importlib.import_module(f"{rules.__name__}.{each.name}")
        found |= {value.code for value in vars(module).values() if isinstance(value, Rule)}
    return frozenset(found)
