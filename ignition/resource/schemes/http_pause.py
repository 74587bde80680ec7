# SPDX-License-Identifier: Apache-2.0
"""How long to wait before the next try: 0.2 s, doubling up to 5 s, or what the server asks for."""

from __future__ import annotations

import time
from email.utils import mktime_tz, parsedate_tz

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

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


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks for (RFC 9110, 10.2.3), None if it does not."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    then = date(text)
    if then is None:
        return None
    # By the server's clock: ours may stand at 1970.
    now = date(headers.get("date", ""))
    return float(max(0, then - (int(time.time()) if now is None else now)))


def date(text: str) -> int | None:
    """The time that a header names, in seconds since 1970; None if it is none."""
    try:
        parts = parsedate_tz(text)
        return None if parts is None else int(mktime_tz(parts))
    except (ValueError, OverflowError, TypeError):
        return None
