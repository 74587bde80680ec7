# SPDX-License-Identifier: Apache-2.0
"""Collects what is wrong with an expectations file."""

from __future__ import annotations

from ignition.base.finding import ERROR, Finding
from ignition.base.origin import Origin, pointer

Path = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, both from 1; the column counts bytes."""

INVALID, SYNTAX, STRUCTURE, UNKNOWN_KEY, DUPLICATE_KEY = (
    *("IGN8101", "IGN8102", "IGN8103", "IGN8104", "IGN8105"),
)
BAD_MODE, BAD_REGEX, CONTRADICTION, BAD_VALUE, TOO_LARGE = (
    *("IGN8106", "IGN8107", "IGN8108", "IGN8109", "IGN8110"),
)


class Problems:
    """The findings on one file, in the order of their places."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._found: dict[tuple[Place, str, str], Finding] = {}

    def add(self, code: str, message: str, place: Place, path: Path = (), hint: str = "") -> None:
        """Adds a finding, unless it has been added before."""
        origin = Origin(self.source, pointer(path), *place)
        self._found.setdefault((place, code, message), Finding(code, ERROR, message, origin, hint))

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def findings(self) -> list[Finding]:
        return [self._found[key] for key in sorted(self._found)]
