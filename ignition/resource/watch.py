# SPDX-License-Identifier: Apache-2.0
"""Nothing waits in silence: what a fetch waits for, and why, is said every 30 seconds.

The default of the original is to wait for ever. A thread beside the waiting one tells people so, and ends
the wait when its time is over, wherever in the library it hangs.
"""

from __future__ import annotations

import _thread
import time

from ignition.base import interrupt
from ignition.base.errors import thread_failure
from ignition.resource.sizes import progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

# Seconds between two lines.
EVERY = 30.0


class Watch:
    """`with Watch(progress, "http://host/a.ign", limit=120) as watch:` around one wait.

    `reason` is why it still waits; while a body comes, `arrived` of it is here, of the `whole` if that is
    known, both in bytes. A line is said each `every` seconds (0 = `EVERY`). After `limit` seconds
    (0 = none) the watch calls what was given to `on_expiry`, which must end the wait, and `expired` is set.
    """

    __slots__ = (
        "_deadline",
        "_done",
        "_every",
        "_interrupt",
        "_lock",
        "_progress",
        "_what",
        "arrived",
        "expired",
        "reason",
        "whole",
    )

    def __init__(
        self, progress: Callable[[str], None], what: str, *, limit: float = 0, every: float = 0
    ) -> None:
        self._progress = progress
        self._what = what
        self._every = every or EVERY
        self._done = _thread.allocate_lock()
        self._lock = _thread.allocate_lock()
        self._deadline = time.monotonic() + limit if limit else 0.0
        self.reason = "no answer yet"
        self.arrived = 0
        self.whole: int | None = None
        self.expired = False
        self._interrupt: Callable[[], None] | None = None

    def on_expiry(self, interrupt: Callable[[], None]) -> None:
        """How to end what is waited for now; called at once if the time is over already."""
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
        interrupt.add_waker(id(self), self._end)
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> Literal[False]:
        interrupt.remove_waker(id(self))
        with self._lock:
            self._interrupt = None
        self._done.release()
        if error is not None:
            interrupt.check()  # what ended the wait is not what the library says of it
        return False

    def _run(self) -> None:
        started = time.monotonic()
        line = started + self._every
        while True:
            now = time.monotonic()
            wake = min(line, self._deadline) if self._deadline and not self.expired else line
            if self._done.acquire(timeout=max(0.0, wake - now)):
                return
            now = time.monotonic()
            if self._deadline and not self.expired and now >= self._deadline:
                self._end()
            if now >= line:
                line += self._every
                self._progress(f"waiting {int(now - started)} s for {self._what}: {self._state()}")

    def _state(self) -> str:
        if not self.arrived:
            return self.reason
        return f"{progress(self.arrived, self.whole)} are here"

    def _end(self) -> None:
        with self._lock:
            self.expired = True
            if self._interrupt is not None:
                self._interrupt()
