# SPDX-License-Identifier: Apache-2.0
"""Delay before the next attempt: 0.2 s, doubled up to 5 s, or longer if the server asks with Retry-After."""

from __future__ import annotations

FIRST_DELAY = 0.2
MAX_DELAY = 5.0
# A longer Retry-After is cut to this.
MAX_RETRY_AFTER = 120.0


class Backoff:
    """The delays between attempts to fetch one resource."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next = FIRST_DELAY

    def reset(self) -> None:
        """An attempt made progress: start again with the shortest delay."""
        self._next = FIRST_DELAY

    def next_delay(self, retry_after: float | None, remaining: float | None) -> float:
        """Seconds until the next attempt. `retry_after` is the delay the server asks for in seconds, or None;
        `remaining` the seconds until the deadline, None for no limit.

        A `retry_after` beyond the deadline is ignored: an earlier attempt may succeed after all."""
        delay = self._next
        self._next = min(delay * 2, MAX_DELAY)
        if retry_after is not None and (remaining is None or retry_after < remaining):
            delay = max(delay, min(retry_after, MAX_RETRY_AFTER))
        return delay if remaining is None else min(delay, remaining)
