# SPDX-License-Identifier: Apache-2.0
"""Paths as text, without a look at the file system."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def above(path: str) -> Iterator[str]:
    """The path itself and all folders above it but the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def clean(path: str) -> str:
    """The path without doubled slashes, `.` and `..`, by its text alone."""
    # POSIX lets two leading slashes mean something of their own, and normpath keeps them.
    return os.path.normpath("/" + path.lstrip("/") if path.startswith("/") else path)
