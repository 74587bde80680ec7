# SPDX-License-Identifier: Apache-2.0
"""Which findings mean that the engine refuses the config. They cannot be switched off."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from ignition.base.finding import ERROR
from ignition.config import codes, rules
from ignition.config.rules.rule import Rule
from ignition.lint.finding import LintFinding


def is_refusal(finding: LintFinding) -> bool:
    """Whether the engine would refuse the config for it."""
    return finding.severity == ERROR and finding.code in config_codes()


@cache
def config_codes() -> frozenset[str]:
    """Codes of what the engine itself has to say about configs."""
    found = {value for name, value in vars(codes).items() if name.isupper() and value[:3] == "IGN"}
    for each in pkgutil.iter_modules(rules.__path__):
        module = importlib.import_module(f"{rules.__name__}.{each.name}")
        found |= {value.code for value in vars(module).values() if isinstance(value, Rule)}
    return frozenset(found)
