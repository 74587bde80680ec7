# SPDX-License-Identifier: Apache-2.0
"""Checks whether a program is available before anything depends on it."""

from __future__ import annotations

import os


def is_installed(program: str) -> bool:
    """Whether `program` is in PATH, or is the path of an executable."""
    if "/" in program:
        return os.access(program, os.X_OK)
    folders = os.environ.get("PATH", os.defpath).split(":")
    return any(os.access(os.path.join(folder, program), os.X_OK) for folder in folders if folder)
