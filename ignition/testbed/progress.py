# SPDX-License-Identifier: Apache-2.0
"""Live progress on standard error: each guest, its phase, its seconds."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TextIO

from ignition.base.printable import printable
from ignition.testbed.cases import Case
from ignition.testbed.live_line import printing_by
from ignition.testbed.results import CaseResult

INTERVAL = 0.5
"""Seconds between two pictures on a terminal."""


@dataclass(frozen=True)
class Row:
    """A case that runs."""

    name: str
    phase: str
    began: float
    attempt: int


class Progress:
    """What happens, on a terminal as a picture that is redrawn, elsewhere as lines.

    `on_result` is called with each result; on a terminal while the picture is hidden, so that it may print.
    `live` False: no picture. `results` False: results are printed elsewhere.
    """

    def __init__(
        self,
        total: int,
        on_result: Callable[[CaseResult], None],
        *,
        stream: TextIO | None = None,
        live: bool = True,
        results: bool = True,
    ) -> None:
        self._stream = stream or sys.stderr
        self._live = live and self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self._live and not os.environ.get("NO_COLOR")
        self._results = results
        self._total, self._done = total, 0
        self._on_result = on_result
        self._rows: dict[str, Row] = {}
        self._drawn = 0
        self._context = ExitStack()
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Progress:
        self._context.enter_context(printing_by(self.note))
        if self._live:
            self._thread = threading.Thread(target=self._redraw, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._erase()

    def started(self, case: Case, attempt: int) -> None:
        with self._lock:
            self._rows[case.name] = Row(case.name, "check", time.monotonic(), attempt)
            again = f" (attempt {attempt})" if attempt > 1 else ""
            self._plain(f"{case.name}: started{again}")

    def phase(self, case: Case, name: str) -> None:
        with self._lock:
            row = self._rows.get(case.name)
            if row is not None and row.phase != name:
                self._rows[case.name] = replace(row, phase=name)
                self._plain(f"{case.name}: {name} ({time.monotonic() - row.began:.0f} s)")

    def finished(self, case: Case, result: CaseResult) -> None:
        with self._lock:
            self._rows.pop(case.name, None)
            self._done += 1
            self._erase()
            if self._results:
                self._plain(f"{case.name}: {result.verdict.value} ({result.seconds:.0f} s)")
            self._on_result(result)

    def note(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._erase()
            self._write(f"{printable(text)}\n")

    def _plain(self, text: str) -> None:
        if not self._live:
            self._write(f"{printable(text)}\n")

    def _redraw(self) -> None:
        while True:
            with self._lock:
                self._erase()
                lines = self._picture()
                self._write("".join(f"{line}\n" for line in lines))
                self._drawn = len(lines)
            if self._ended.wait(INTERVAL):
                return

    def _picture(self) -> list[str]:
        columns, height = _size(self._stream)
        now = time.monotonic()
        lines = []
        for row in list(self._rows.values())[: max(1, height - 2)]:
            again = f" attempt {row.attempt}" if row.attempt > 1 else ""
            right = f"{row.phase[:24]:<24} {now - row.began:5.0f} s{again}"
            room = max(8, columns - len(right) - 3)
            name = printable(row.name)
            name = name if len(name) <= room else f"…{name[-(room - 1) :]}"
            bold, plain = ("\x1b[1m", "\x1b[0m") if self._colour else ("", "")
            lines.append(f"{bold}{name:<{room}}{plain} {right}")
        lines.append(f"{self._done} of {self._total} done"[: columns - 1])
        return lines

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"\x1b[{self._drawn}F\x1b[J")
            self._drawn = 0

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            pass  # the terminal is gone; the run goes on


def _size(stream: TextIO) -> tuple[int, int]:
    try:
        size = os.get_terminal_size(stream.fileno())
        return (size.columns or 80), (size.lines or 24)
    except (OSError, ValueError):
        return 80, 24
