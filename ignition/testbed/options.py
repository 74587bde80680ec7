# SPDX-License-Identifier: Apache-2.0
"""QEMU's comma-separated options."""

from __future__ import annotations

from pathlib import Path


def escape(text: str | Path) -> str:
    """A value with its commas doubled."""
    return str(text).replace(",", ",,")
