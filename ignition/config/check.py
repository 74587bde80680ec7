# SPDX-License-Identifier: Apache-2.0
"""Reads and checks a config. A bad config is a result, never an exception."""

from __future__ import annotations

from ignition.config import fast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config.fast import CheckResult


def check(data: bytes, source: str) -> CheckResult:
    """Reads a config and applies the rules of its own spec version."""
    result = fast.check(data)
    if result is not None:
        return result
    from ignition.config import exact

    return exact.check(data, source)
