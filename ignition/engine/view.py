# SPDX-License-Identifier: Apache-2.0
"""The live view of a boot on the console, separate from the log.

ignition  disks    make ext4 on /dev/vdb1                           0.4 s
ignition  disks    done in 1.2 s
"""

from __future__ import annotations

import _thread
import os
import time

from ignition.base.printable import printable
from ignition.engine.report import FAILED, SATISFIED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.errors import Failure

BOLD, RED, GREEN, DIM, PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[0m"
# Seconds between two progress lines of a step, however often it reports.
PROGRESS_INTERVAL = 25.0


class View:
    """Writes lines to a file descriptor; -1 discards them."""

    __slots__ = ("_colour", "_descriptor", "_lock", "_phase", "_running", "_started")

    def __init__(self, descriptor: int, *, colour: bool) -> None:
        self._descriptor = descriptor
        self._colour = colour
        self._phase = ""
        self._started = time.monotonic()
        self._lock = _thread.allocate_lock()
        self._running: list[StepView] = []

    def start_phase(self, name: str) -> None:
        self._phase = name
        self._started = time.monotonic()

    def start_step(self, summary: str) -> StepView:
        step = StepView(self, summary)
        self._running.append(step)
        return step

    def end_step(self, step: StepView) -> None:
        """No longer announces this step."""
        self._running.remove(step)

    def announce_running(self) -> None:
        """Shows the steps that run without reporting anything, such as a long mkfs. Call it often."""
        for step in list(self._running):
            step.announce()

    def end_phase(self, steps: int) -> None:
        """Reports the success of a phase with so many steps."""
        if steps:
            self.done(f"done, {steps} step{'s' if steps != 1 else ''}")
        else:
            self.done("done, nothing to do")

    def done(self, text: str) -> None:
        """Reports a success in these words, with the time since the phase started."""
        self.line(text, time.monotonic() - self._started, GREEN)

    def line(self, text: str, seconds: float | None = None, colour: str = "") -> None:
        """Writes a line, labelled with the current phase; `seconds` are right-aligned."""
        if self._descriptor < 0:
            return
        text = printable(text)
        label = f"ignition {self._phase}:"
        if seconds is not None:
            text = f"{text:<{76 - len(label)}} {seconds:6.2f} s"
        if self._colour:
            label = f"{BOLD}{label}{PLAIN}"
            text = f"{colour}{text}{PLAIN}" if colour else text
        self._write(f"{label} {text}")

    def failure(self, failures: list[Failure]) -> None:
        """Writes why the run stopped."""
        text = explain(self._phase, failures)
        if self._colour:
            head, _, rest = text.partition("\n")
            text = f"{RED}{BOLD}{head}{PLAIN}\n{rest}"
        self._write("\n" + text)

    def _write(self, text: str) -> None:
        if self._descriptor < 0:
            return
        data = (text + "\n").encode()
        with self._lock:
            try:
                os.write(self._descriptor, data)
            except OSError:
                self._descriptor = -1  # the console is gone; provisioning continues


class StepView:
    """A running step. `progress` may be called often; it writes a line every `PROGRESS_INTERVAL` seconds."""

    __slots__ = ("_last", "_started", "_summary", "_text", "_view")

    def __init__(self, view: View, summary: str) -> None:
        self._view = view
        self._summary = summary
        self._text = "running"
        self._started = self._last = time.monotonic()

    def progress(self, text: str) -> None:
        self._text = text
        self._write(text)

    def announce(self) -> None:
        """Repeats the last progress with the time since the start, unless there was a line recently."""
        self._write(f"{self._text}, {time.monotonic() - self._started:.0f} s so far")

    def _write(self, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= PROGRESS_INTERVAL:
            self._last = now
            self._view.line(f"{self._summary}: {text}")

    def end(self, result: str, seconds: float) -> None:
        self._view.end_step(self)
        if result == FAILED:
            self._view.line(f"FAILED {self._summary}", seconds, RED)
        elif result == SATISFIED:
            self._view.line(f"{self._summary} (already done)", seconds, DIM)
        else:
            self._view.line(self._summary, seconds)


def explain(phase: str, failures: list[Failure]) -> str:
    """Describes a failed phase: per failure the code and message, the origin, the hint. No final newline."""
    lines = [f"Ignition failed in phase {phase}:" if phase else "Ignition failed:"]
    for failure in failures:
        lines.append(f"  {failure.code}  {failure.text}")
        if failure.origin is not None:
            lines.append(f"           at {failure.origin}")
        findings = getattr(failure, "findings", [])
        for finding in findings:
            if finding.severity == "error":
                lines.append(f"           {finding.code}  {finding.origin}: {finding.message}")
                if finding.hint:
                    lines.append(f"                    {finding.hint}")
        if failure.hint:
            lines.append(f"           {failure.hint}")
    return "\n".join(map(printable, lines))


def open_view(console: str) -> View:
    """A view on `console`; if that is "", on standard error, provided it is a terminal."""
    if console:
        try:
            descriptor = os.open(console, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            descriptor = -1
    else:
        descriptor = 2 if os.isatty(2) else -1
    colour = descriptor >= 0 and os.isatty(descriptor) and not os.environ.get("NO_COLOR")
    return View(descriptor, colour=colour)
