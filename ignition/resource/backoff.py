# SPDX-License-Identifier: Apache-2.0
"""How long to wait before the next try: 0.2 s, doubling up to 5 s, or what the server asks for."""

from __future__ import annotations

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
# A server may ask for more; then it is asked again in between.
LONGEST_WISH = 120.0


class Pauses:
    """The pauses between the tries of one resource."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next = FIRST_PAUSE

    def restart(self) -> None:
        """Something was gained: the next pause is short again."""
        self._next = FIRST_PAUSE

    def next(self, wish: float | None, left: float | None) -> float:
        """Seconds until the next try. `wish` is what the server asks for, `left` the time that there is, None
        for no limit. A wish that would use it up is not granted: a try in time may succeed all the same."""
        pause = self._next
        self._next = min(pause * 2, LONGEST_PAUSE)
        if wish is not None and (left is None or wish < left):
            pause = max(pause, min(wish, LONGEST_WISH))
        return pause if left is None else min(pause, left)
