# SPDX-License-Identifier: Apache-2.0
"""Output formats, imported on demand."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from ignition.lint.result import LintResult

FORMATS = ("text", "json", "sarif", "github", "junit")


def load_writer(name: str) -> Callable[[list[LintResult]], str]:
    """The function that writes all results in a format other than text."""
    module = importlib.import_module(f"ignition.lint.formats.{name}")
    write: Callable[[list[LintResult]], str] = module.write
    return write


def pluralize(count: int, what: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {what}{'' if count == 1 else 's'}"
