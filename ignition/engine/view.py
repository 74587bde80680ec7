# SPDX-License-Identifier: Apache-2.0
"""The live view: what a person who watches the boot sees, apart from the log.

ignition  disks    make ext4 on /dev/vdb1                           0.4 s
ignition  disks    done in 1.2 s
"""

from __future__ import annotations

import _thread
import os
import time

from ignition.base.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.errors import Failure

BOLD, RED, GREEN, DIM, PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[0m"
# Whoever waits may say so as often as it likes; people are told about twice a minute.
ANNOUNCE_EVERY = 25.0


class View:
    """Writes lines to a console or to standard error; to nobody when neither watches."""

    __slots__ = ("_colour", "_descriptor", "_lock", "_phase", "_started")

    def __init__(self, descriptor: int, *, colour: bool) -> None:
        self._descriptor = descriptor
        self._colour = colour
        self._phase = ""
        self._started = time.monotonic()
        self._lock = _thread.allocate_lock()

    def phase(self, name: str) -> None:
        """A phase begins."""
        self._phase = name
        self._started = time.monotonic()

    def step(self, summary: str) -> ShownStep:
        """A step begins."""
        return ShownStep(self, summary)

    def end(self, steps: int) -> None:
        """The phase ended well."""
        if steps:
            self.done(f"done, {steps} step{'s' if steps != 1 else ''}")
        else:
            self.done("done, nothing to do")

    def done(self, text: str) -> None:
        """The phase ended well, in other words than usual."""
        self.line(text, time.monotonic() - self._started, GREEN)

    def line(self, text: str, seconds: float | None = None, colour: str = "") -> None:
        """One line under the present phase, its time at the right edge."""
        if self._descriptor < 0:
            return
        text = printable(text)
        label = f"ignition {self._phase}:"
        if seconds is not None:
            # The times of all phases stand below each other.
            text = f"{text:<{76 - len(label)}} {seconds:6.2f} s"
        if self._colour:
            label = f"{BOLD}{label}{PLAIN}"
            text = f"{colour}{text}{PLAIN}" if colour else text
        self._write(f"{label} {text}")

    def failure(self, failures: list[Failure]) -> None:
        """Why the run stopped, in words for people."""
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
                self._descriptor = -1  # the console went away; provisioning goes on


class ShownStep:
    """A step on the view. `progress` may come often: at most one line each `ANNOUNCE_EVERY` seconds."""

    __slots__ = ("_last", "_summary", "_view")

    def __init__(self, view: View, summary: str) -> None:
        self._view = view
        self._summary = summary
        self._last = time.monotonic()

    def progress(self, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= ANNOUNCE_EVERY:
            self._last = now
            self._view.line(f"{self._summary}: {text}")

    def end(self, result: str, seconds: float) -> None:
        if result == "failed":
            self._view.line(f"FAILED {self._summary}", seconds, RED)
        elif result == "satisfied":
            self._view.line(f"{self._summary} (already so)", seconds, DIM)
        else:
            self._view.line(self._summary, seconds)


def explain(phase: str, failures: list[Failure]) -> str:
    """The cause of a failed phase: code and sentence, address, what to do. Ends without a newline."""
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
    """The view of a run: the named console, else standard error where that is a terminal."""
    if console:
        try:
            descriptor = os.open(console, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            descriptor = -1
    else:
        descriptor = 2 if os.isatty(2) else -1
    colour = descriptor >= 0 and os.isatty(descriptor) and not os.environ.get("NO_COLOR")
    return View(descriptor, colour=colour)
