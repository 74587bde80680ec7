# SPDX-License-Identifier: Apache-2.0
"""Reads along on the console of a running guest."""

from __future__ import annotations

import threading

from ignition.testbed.cases import Case
from ignition.testbed.engine_failure import phase_of
from ignition.testbed.images import Image
from ignition.testbed.pool import Ear
from ignition.testbed.signs import EMERGENCIES, LAST_WORDS

GRACE = 5
"""Seconds that a machine which cannot report is left running after its last word, for what follows it."""
GRACE_TO_REPORT = 60
"""The same for one whose reporter may still come: it was added by the config, and not every boot has it."""
_EMERGENCY = EMERGENCIES[-1].pattern


class Watch:
    """Reads along on the console: tells the phase, and stops a machine that cannot report by itself."""

    def __init__(self, case: Case, image: Image, ear: Ear, cancel: threading.Event) -> None:
        self._case, self._image, self._ear, self._cancel = case, image, ear, cancel
        self._last = ""
        self._timer: threading.Timer | None = None
        self.stop = threading.Event()

    def __enter__(self) -> Watch:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._timer is not None:
            self._timer.cancel()

    def _follow(self) -> None:
        """Passes the end of the run on to the machine."""
        while not self._ended.wait(0.1):
            if self._cancel.is_set():
                self.stop.set()
                return

    def line(self, line: str) -> None:
        name = phase_of(line)
        if name and name != self._last:
            self._last = name
            self._ear.phase(self._case, name)
        reporter = self._image.reporter
        ended = (
            LAST_WORDS.match(line)
            or (reporter == "none" and name == "started")
            or (reporter != "built-in" and _EMERGENCY.match(line))
        )
        if ended and self._timer is None:
            seconds = GRACE_TO_REPORT if reporter == "config" else GRACE
            self._timer = threading.Timer(seconds, self.stop.set)
            self._timer.daemon = True
            self._timer.start()
