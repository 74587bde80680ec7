# SPDX-License-Identifier: Apache-2.0
"""What people are told of many jobs that go on at once: one line for all of them, not one each."""

from __future__ import annotations

import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Tally:
    """Counts the jobs that ended. `show` takes a text, and decides how often people see one."""

    __slots__ = ("_count", "_ended", "_lock", "_show")

    def __init__(self, count: int, show: Callable[[str], None]) -> None:
        self._count = count
        self._ended = 0
        self._lock = _thread.allocate_lock()
        self._show = show

    def ended(self) -> None:
        """One more job is done."""
        with self._lock:
            self._ended += 1
            self._show(self._so_far())

    def say(self, text: str) -> None:
        """What one of the jobs has to say."""
        with self._lock:
            self._show(f"{self._so_far()}; {text}" if self._count > 1 else text)

    def _so_far(self) -> str:
        return f"{self._ended} of {self._count} done"
