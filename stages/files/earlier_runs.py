# SPDX-License-Identifier: Apache-2.0
"""Tells which existing files were made by an earlier run of the same config.

The journal decides, not the contents: before a run makes its first entry, it records which paths are
occupied. What a later run finds at any other path was made by that run.
"""

from __future__ import annotations

from ..common.journal import ENTRIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..common.journal import Journal

FOREIGN = "foreign"  # not made by a run of this config
FINISHED = "finished"  # made by a complete run; somebody may have changed it since
UNFINISHED = "unfinished"  # made by an interrupted run, perhaps incomplete


class EarlierRuns:
    """The earlier runs of this config, as of the start of this run."""

    __slots__ = ("_by_contents", "_finished", "_unfinished", "intact_links")

    def __init__(self, journal: Journal, *, by_contents: bool = False) -> None:
        """`by_contents`: everything may be from a complete run, so that its contents decide."""
        self._by_contents = by_contents
        self._unfinished = _paths(journal.unfinished(ENTRIES), "there")
        self._finished = _paths(journal.finished(ENTRIES), "foreign")
        # Hard links of a complete run that still matched their targets at the start; this run may replace the
        # targets.
        self.intact_links: set[str] = set()

    def maker(self, path: str) -> str:
        """Who made what exists at the path of an entry: FOREIGN, FINISHED or UNFINISHED."""
        if self._unfinished is not None and path not in self._unfinished:
            return UNFINISHED
        if self._finished is not None and path not in self._finished:
            return FINISHED
        return FINISHED if self._by_contents else FOREIGN

    def notes(self, there: list[str]) -> list[dict[str, Any]]:
        """The note to write before the first entry is made.

        `there`: the occupied paths of files with contents and of hard links, without `overwrite`.
        """
        if self._unfinished is not None:
            return []
        foreign = [path for path in there if self.maker(path) == FOREIGN]
        return [{"kind": ENTRIES, "key": "", "there": there, "foreign": foreign}]


def _paths(note: dict[str, Any] | None, name: str) -> set[str] | None:
    return None if note is None else set(note[name])
