# SPDX-License-Identifier: Apache-2.0
"""Paths in configs: absolute and in their shortest form. All spec versions."""

from __future__ import annotations

from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NO_PATH = Rule(
    "IGN1101",
    "path not specified",
    hint="give an absolute path",
)
"""Whatever is named by a path needs one; there is no default place."""

PATH_RELATIVE = Rule(
    "IGN1102",
    "path not absolute",
    hint="start the path with /",
)
"""There is no working directory at boot that a relative path could start from."""

PATH_DIRTY = Rule(
    "IGN1103",
    "path is not fully simplified",
    hint="leave out double slashes, a slash at the end, and . or .. parts",
)
"""One object must have one spelling, or two entries for it would not be seen as duplicates."""


def check_path(path: str) -> Rule | None:
    """The rule that an absolute path breaks; the first one counts."""
    if not path:
        return NO_PATH
    if path[0] != "/":
        return PATH_RELATIVE
    if (path[-1] == "/" or "//" in path or "/." in path) and clean(path) != path:
        return PATH_DIRTY
    return None


def clean(path: str) -> str:
    """The shortest equal path, as Go's `path.Clean`: unlike `normpath` it keeps no double slash."""
    root = "/" if path.startswith("/") else ""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", ".", "..") or (part == ".." and not root):
            parts.append(part)
    return root + "/".join(parts) or "."


def distinct_lengths(paths: Iterable[str]) -> list[int]:
    """The lengths of paths, each once, the longest first."""
    return sorted({len(path) for path in paths}, reverse=True)


def ancestors(path: str, of_length: list[int]) -> Iterator[str]:
    """The beginnings of a path that end before a slash and have one of these `lengths`, the longest first.

    To look up all beginnings would take time by the square of the path's length.
    """
    for length in of_length:
        if path[length : length + 1] == "/":
            yield path[:length]
