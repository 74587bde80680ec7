# SPDX-License-Identifier: Apache-2.0
"""Output formats of `ignition test`, imported on demand (docs/test-results.md)."""

from __future__ import annotations

import importlib
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.testbed.results import RunResult

NAMES = ("text", "json", "junit", "tap", "github", "html")


def _writer(name: str) -> Callable[[RunResult], str]:
    def write(run: RunResult) -> str:
        module = importlib.import_module(f"ignition.testbed.formats.{name}")
        text: str = module.write(run)
        return text

    return write


FORMATS: dict[str, Callable[[RunResult], str]] = {name: _writer(name) for name in NAMES}
"""Name of a format -> the function that writes a whole run in it, ending in a line break.

The text can always be encoded as UTF-8, and has no control characters other than line breaks. Only `text` can
be written case by case: `formats.text.Text`.
"""
