# SPDX-License-Identifier: Apache-2.0
"""Announced and bounded waits: every 30 seconds the console shows what a fetch waits for, and why.

Ignition waits for ever by default. A second thread announces the wait and interrupts it when its time is up,
wherever in a library the waiting thread is blocked.
"""

from __future__ import annotations

import _thread
import time

from ignition.base import interrupt
from ignition.base.errors import thread_failure
from ignition.resource.sizes import format_progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

# Seconds.
ANNOUNCE_INTERVAL = 30.0


class Watch:
    """Watches one wait: `with Watch(progress, "http://host/a.ign", limit=120) as watch:`

    The waiting thread keeps `reason` up to date and, during a download, `received` and `total` (in bytes;
    `total` is None if unknown). `progress` gets a line every `interval` seconds (0 = `ANNOUNCE_INTERVAL`).
    After `limit` seconds (0 = none) the watch sets `expired` and calls the function given to `on_expiry`,
    which must end the wait.
    """

    __slots__ = (
        "_deadline",
        "_done",
        "_interrupt",
        "_interval",
        "_lock",
        "_name",
        "_progress",
        "expired",
        "reason",
        "received",
        "total",
    )

    def __init__(
        self, progress: Callable[[str], None], name: str, *, limit: float = 0, interval: float = 0
    ) -> None:
        self._progress = progress
        self._name = name
        self._interval = interval or ANNOUNCE_INTERVAL
        self._done = _thread.allocate_lock()
        self._lock = _thread.allocate_lock()
        self._deadline = time.monotonic() + limit if limit else 0.0
        self.reason = "no answer yet"
        self.received = 0
        self.total: int | None = None
        self.expired = False
        self._interrupt: Callable[[], None] | None = None

    def on_expiry(self, interrupt: Callable[[], None]) -> None:
        """Sets the function that ends the current wait. Calls it at once if the limit has passed already."""
        with self._lock:
            self._interrupt = interrupt
            if self.expired:
                interrupt()

    def __enter__(self) -> Watch:
        self._done.acquire()
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError as error:
            raise thread_failure(error) from error
        interrupt.add_waker(id(self), self._expire)
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> Literal[False]:
        interrupt.remove_waker(id(self))
        with self._lock:
            self._interrupt = None
        self._done.release()
        if error is not None:
            interrupt.check()  # report the interrupt, whatever error the library raised for it
        return False

    def _run(self) -> None:
        started = time.monotonic()
        next_announcement = started + self._interval
        while True:
            now = time.monotonic()
            pending = self._deadline and not self.expired
            wake = min(next_announcement, self._deadline) if pending else next_announcement
            if self._done.acquire(timeout=max(0.0, wake - now)):
                return
            now = time.monotonic()
            if self._deadline and not self.expired and now >= self._deadline:
                self._expire()
            if now >= next_announcement:
                next_announcement += self._interval
                self._progress(f"waiting {int(now - started)} s for {self._name}: {self._status()}")

    def _status(self) -> str:
        if not self.received:
            return self.reason
        return f"{format_progress(self.received, self.total)} received"

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._interrupt is not None:
                self._interrupt()
