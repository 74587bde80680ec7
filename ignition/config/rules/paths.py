# SPDX-License-Identifier: Apache-2.0
"""Paths in configs must be absolute and clean. All spec versions."""

from __future__ import annotations

from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NO_PATH = Rule(
    "IGN1101",
    "path not specified",
    hint="set an absolute path",
)
"""There is no default path."""

PATH_RELATIVE = Rule(
    "IGN1102",
    "path not absolute",
    hint="start the path with /",
)
"""At boot there is no working directory that a relative path could refer to."""

PATH_DIRTY = Rule(
    "IGN1103",
    "path is not fully simplified",
    hint="remove double slashes, a trailing slash, and . or .. components",
)
"""Each object needs a unique path, so that two entries for it are recognized as duplicates."""


def check_path(path: str) -> Rule | None:
    """The first rule that a path violates, or None."""
    if not path:
        return NO_PATH
    if path[0] != "/":
        return PATH_RELATIVE
    if (path[-1] == "/" or "//" in path or "/." in path) and clean(path) != path:
        return PATH_DIRTY
    return None


def clean(path: str) -> str:
    """The shortest equivalent path, like Go's `path.Clean`; unlike `normpath`, it keeps no leading double
    slash."""
    root = "/" if path.startswith("/") else ""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", ".", "..") or (part == ".." and not root):
            parts.append(part)
    return root + "/".join(parts) or "."


def distinct_lengths(paths: Iterable[str]) -> list[int]:
    """The distinct lengths of paths, longest first."""
    return sorted({len(path) for path in paths}, reverse=True)


def ancestors(path: str, lengths: list[int]) -> Iterator[str]:
    """The ancestors of a path that have one of the `distinct_lengths` of the candidates, longest first.

    Looking up every ancestor would take quadratic time in the length of the path.
    """
    for length in lengths:
        if path[length : length + 1] == "/":
            yield path[:length]
