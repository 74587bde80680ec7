# SPDX-License-Identifier: Apache-2.0
"""What an earlier run of the same config left in the places of its entries.

That is told by notes, never by likeness: an entry without `overwrite` is made only where nothing is, so what
is found there later is the work of a run which had noted, before it made its first entry, what lay there.
"""

from __future__ import annotations

from ..common.journal import ENTRIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..common.journal import Journal

FOREIGN = "foreign"  # it is foreign, and nothing of it may be lost
FINISHED = "finished"  # a run that came to its end made it; somebody may have changed it since
UNFINISHED = "unfinished"  # a run that was cut short made it, whole or not


class EarlierRuns:
    """The runs before this one, as the journal knew them when this one began."""

    __slots__ = ("_finished", "_unfinished", "intact_links")

    def __init__(self, journal: Journal) -> None:
        self._unfinished = _paths(journal.unfinished(ENTRIES), "there")
        self._finished = _paths(journal.finished(ENTRIES), "foreign")
        # Hard links of a finished run that still led to their targets when this one began: it may give those
        # another file.
        self.intact_links: set[str] = set()

    def maker(self, path: str) -> str:
        """Who made what is at the place of an entry."""
        if self._unfinished is not None and path not in self._unfinished:
            return UNFINISHED
        if self._finished is not None and path not in self._finished:
            return FINISHED
        return FOREIGN

    def notes(self, there: list[str]) -> list[dict[str, Any]]:
        """What is to be noted of what is there and stays, before the first entry is made.

        `there` are the places of entries without `overwrite`, of files with contents and hard links.
        """
        if self._unfinished is not None:
            return []
        foreign = [path for path in there if self.maker(path) == FOREIGN]
        return [{"kind": ENTRIES, "key": "", "there": there, "foreign": foreign}]


def _paths(note: dict[str, Any] | None, name: str) -> set[str] | None:
    return None if note is None else set(note[name])
