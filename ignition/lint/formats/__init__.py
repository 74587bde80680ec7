# SPDX-License-Identifier: Apache-2.0
"""How findings are written for people and for programs. Each format is loaded when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from ignition.lint.linted import Linted

FORMATS = ("text", "json", "sarif", "github", "junit")
_MODULES = {"json": "machine"}


def writer(name: str) -> Callable[[list[Linted]], str]:
    """The function that writes a whole run in one of the formats other than text."""
    module = importlib.import_module(f"ignition.lint.formats.{_MODULES.get(name, name)}")
    write: Callable[[list[Linted]], str] = module.write
    return write


def counted(count: int, what: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {what}{'' if count == 1 else 's'}"
