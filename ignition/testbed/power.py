# SPDX-License-Identifier: Apache-2.0
"""One power-on of a guest: QEMU's process from its start to its end.

QEMU dies with the thread that started it, whatever ends that: `setpriv` makes the kernel kill it.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from ignition.base.errors import Failure
from ignition.testbed import hostfiles
from ignition.testbed.archive import without_report
from ignition.testbed.cache import print_progress
from ignition.testbed.console import Console
from ignition.testbed.qmp import Monitor
from ignition.testbed.tpm import Tpm, powered

TICK = 0.1
"""Seconds between looks at the guest."""
SILENCE = 180
"""Seconds to wait for the first line of the console. Emulated guests were seen to hang before it for ever."""
MAX_RESETS = 5
"""A guest that restarts more often is taken for one that always will."""
CARD = "net0"
"""The network card's id in QEMU."""
NO_MEMORY = ("Cannot allocate memory", "cannot set up guest memory")


@dataclass(frozen=True)
class Action:
    """What happens to a running guest.

    after   seconds after power-on, or after the first line of the console that matches `when`
    """

    what: Literal["cut", "link down", "link up"]
    after: float = 0
    when: re.Pattern[str] | None = None

    @property
    def at_start(self) -> bool:
        """Whether it happens before the first instruction."""
        return self.when is None and self.after == 0


@dataclass(frozen=True)
class PowerOn:
    """The outcome of one power-on. Without `timed_out`, `cancelled` and `cut` the guest powered off.

    resets   how often the guest restarted itself
    before   the power-on that a power cut ended, if this one came after it
    notes    sentences about the run, such as a fault that did not happen
    """

    folder: Path
    seconds: float
    timed_out: bool = False
    cancelled: bool = False
    cut: bool = False
    resets: int = 0
    before: PowerOn | None = None
    notes: tuple[str, ...] = ()

    @property
    def console(self) -> str:
        return without_report((self.folder / "console.log").read_text(errors="replace"))

    @property
    def command(self) -> str:
        return (self.folder / "qemu.sh").read_text()

    @property
    def archive(self) -> Path:
        """The archive that the guest's reporter sent; empty if it did not run."""
        return self.folder / "report.tar"


@dataclass(frozen=True)
class Watch:
    """How a power-on is watched.

    limit        seconds until the guest is killed
    actions      what happens to it meanwhile
    on_line      called with each line of the console
    cancel       ends the guest at once when it is set
    interactive  the console is this terminal; then `on_line` is not called
    """

    limit: float
    actions: tuple[Action, ...] = ()
    on_line: Callable[[str], None] | None = None
    cancel: threading.Event | None = None
    interactive: bool = False


def run(
    argv: Sequence[str], folder: Path, watch: Watch, *, patient: bool, tpm_state: Path | None = None
) -> PowerOn | None:
    """Runs the QEMU command `argv` until the guest ends. Failure IGN8010 to IGN8013.

    None if the console is empty after SILENCE; a `patient` call waits until the limit. With `tpm_state`, the
    folder of a TPM, the guest has that TPM; Failure IGN8322.
    """
    monitor = Monitor()
    power = powered(tpm_state, folder, _dies_with_us()) if tpm_state else nullcontext()
    with _terminal_kept(watch.interactive), power as tpm:
        try:
            return _Running(argv, folder, watch, monitor, tpm).wait(patient)
        except Failure:
            if tpm is not None:
                tpm.check()
            raise
        finally:
            monitor.close()


class _Running:
    """A guest that is running."""

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        watch: Watch,
        monitor: Monitor,
        tpm: Tpm | None,
    ) -> None:
        self._folder, self._watch, self._monitor = folder, watch, monitor
        self._todo = list(watch.actions)
        self._console: Console | None = None
        paused = any(action.at_start for action in watch.actions)
        command = [*_dies_with_us(), *argv, *monitor.arguments(), *(["-S"] if paused else [])]
        command += tpm.arguments() if tpm else []
        self._begin = time.monotonic()
        with hostfiles.host_errors(folder), (folder / "qemu.log").open("wb") as errors:
            self._qemu = subprocess.Popen(
                command,
                stdin=None if watch.interactive else subprocess.DEVNULL,
                stdout=None if watch.interactive else subprocess.PIPE,
                stderr=errors,
                pass_fds=[monitor.fd, *([tpm.fd] if tpm else [])],
                # Ctrl-C is for this program, which ends its guests itself.
                start_new_session=not watch.interactive,
            )
        try:
            self._attach(paused)
        except BaseException:
            self._kill()
            raise

    def _attach(self, paused: bool) -> None:
        if self._qemu.stdout is not None:
            patterns = frozenset(action.when for action in self._todo if action.when)
            self._console = Console(
                self._qemu.stdout, self._folder / "console.log", self._watch.on_line, patterns
            )
        self._monitor.start()
        if paused:
            self._act(starting=True)
            self._monitor.command("cont")

    def wait(self, patient: bool) -> PowerOn | None:
        """Waits for the end, and kills QEMU if the guest did not end by itself."""
        try:
            outcome = self._watch_it(patient)
        finally:
            self._kill()
        if outcome == "silent":
            return None
        if outcome == "ended" and self._qemu.returncode != 0:
            raise self._why_it_failed()
        if self._console is not None and self._console.error is not None:
            raise hostfiles.failure(self._folder, self._console.error)
        return PowerOn(
            self._folder,
            time.monotonic() - self._begin,
            timed_out=outcome == "timed out",
            cancelled=outcome == "cancelled",
            cut=outcome == "cut",
            resets=self._resets(),
            notes=self._notes(outcome),
        )

    def _watch_it(self, patient: bool) -> str:
        """How it ended: "ended", "cut", "cancelled", "timed out" or "silent"."""
        cancel = self._watch.cancel or threading.Event()
        while True:
            seconds = time.monotonic() - self._begin
            if self._qemu.poll() is not None:
                return "ended"
            if cancel.is_set():
                return "cancelled"
            if self._act():
                return "cut"
            if seconds >= self._watch.limit or self._resets() > MAX_RESETS:
                return "timed out"
            if not patient and self._silent() and seconds >= SILENCE:
                return "silent"
            self._check_host()
            cancel.wait(TICK)

    def _silent(self) -> bool:
        return self._console is not None and not self._console.heard.is_set()

    def _resets(self) -> int:
        return sum(bool(event.get("guest")) for event in self._monitor.events("RESET"))

    def _act(self, *, starting: bool = False) -> bool:
        """Does what is due; whether that is a power cut."""
        due = [
            action for action in self._todo if (action.at_start if starting else self._due(action))
        ]
        for action in due:
            self._todo.remove(action)
            if action.what == "cut":
                return True
            self._monitor.command("set_link", {"name": CARD, "up": action.what == "link up"})
        return False

    def _due(self, action: Action) -> bool:
        begin: float | None = self._begin
        if action.when is not None:
            begin = self._console.seen(action.when) if self._console else None
        return begin is not None and time.monotonic() >= begin + action.after

    def _check_host(self) -> None:
        """QEMU stops a guest whose write does not fit on this machine's disk."""
        if any(event.get("nospace") for event in self._monitor.events("BLOCK_IO_ERROR")):
            raise hostfiles.no_space(f"no space left for the guest's disks in {self._folder}")

    def _notes(self, outcome: str) -> tuple[str, ...]:
        if outcome == "ended" and any(action.what == "cut" for action in self._todo):
            return ("the power was not cut: the machine had powered off before",)
        if outcome == "timed out" and self._resets() > MAX_RESETS:
            return (f"the machine restarted {self._resets()} times, and was switched off",)
        return ()

    def _why_it_failed(self) -> Failure:
        why = (self._folder / "qemu.log").read_text(errors="replace").strip()
        status = self._qemu.returncode
        if status == -signal.SIGKILL or any(text in why for text in NO_MEMORY):
            return Failure(
                "IGN8011",
                f"no memory for the guest: {why or 'QEMU was killed'}",
                hint="give it less with --memory, or run fewer guests at once with --jobs",
            )
        if "No space left on device" in why:
            return hostfiles.no_space(f"no space left for the guest in {self._folder}: {why}")
        small = "initrd is too large" in why
        hint = "give the guest more with --memory" if small else ""
        return Failure("IGN8010", f"QEMU ended with status {status}: {why}", hint=hint)

    def _kill(self) -> None:
        self._qemu.kill()
        self._qemu.wait()
        if self._console is not None:
            self._console.join()
        if self._qemu.stdout is not None:
            self._qemu.stdout.close()


@cache
def _dies_with_us() -> tuple[str, ...]:
    """The command prefix that makes the kernel kill QEMU when the thread that started it ends."""
    found = shutil.which("setpriv")
    usage = (
        subprocess.run([found, "--help"], capture_output=True, text=True).stdout if found else ""
    )
    if "--pdeathsig" in usage:
        return ("setpriv", "--pdeathsig", "KILL")
    print_progress(
        "setpriv (util-linux) is missing: if this program is killed with SIGKILL, its guests go on"
    )
    return ()


@contextmanager
def _terminal_kept(interactive: bool) -> Iterator[None]:
    """Restores the terminal's settings, which QEMU changes and cannot restore when it is killed."""
    if not interactive or not sys.stdin.isatty():
        yield
        return
    settings = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)
