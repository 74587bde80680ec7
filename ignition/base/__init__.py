# SPDX-License-Identifier: Apache-2.0
"""Foundations for every package: failures with an origin, findings, the log, settings, records."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load_module(name: str) -> Any:
    """Imports a module by its full name and returns it.

    The core loads providers, stages and URL schemes with this: it never imports its edges, and a boot loads
    only those it needs. `importlib.import_module` would load importlib and warnings to do the same.
    """
    __import__(name)
    return sys.modules[name]
