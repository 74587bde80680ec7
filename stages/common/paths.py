# SPDX-License-Identifier: Apache-2.0
"""Functions on paths that do not touch the filesystem."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def above(path: str) -> Iterator[str]:
    """The path itself and all its parents, without the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def clean(path: str) -> str:
    """The path without repeated slashes, `.` and `..`."""
    # normpath keeps exactly two leading slashes, to which POSIX allows a special meaning.
    return os.path.normpath("/" + path.lstrip("/") if path.startswith("/") else path)
