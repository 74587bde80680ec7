# SPDX-License-Identifier: Apache-2.0
"""Progress of what takes long: one line that is rewritten on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

REMINDER_SECONDS = 60
"""Elsewhere than on a terminal, a line this often says that the work goes on."""


_printers: list[Callable[[str], None]] = []
"""Where lines go instead of standard error, the last one first."""
_running: list[str] = []
"""What is in progress. Of works within works, only the innermost has the line."""


def print_progress(text: str) -> None:
    """Prints a line of progress to standard error."""
    if _printers:
        _printers[-1](text)
    else:
        print(text, file=sys.stderr, flush=True)


@contextmanager
def printing_by(printer: Callable[[str], None]) -> Iterator[None]:
    """Passes lines of progress to `printer`, which draws on the terminal itself."""
    _printers.append(printer)
    try:
        yield
    finally:
        _printers.remove(printer)


@contextmanager
def timed(what: str, log: Path) -> Iterator[None]:
    """Shows `what` with its seconds, and on a terminal the last line of the log, while the block runs."""
    begin, end = time.monotonic(), threading.Event()
    show = _rewrite if sys.stderr.isatty() and not _printers else _remind
    print_progress(f"{what} …") if show is _remind else None
    _running.append(what)
    ticker = threading.Thread(target=show, args=(what, log, begin, end), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        end.set()
        ticker.join()
        _running.remove(what)
    print_progress(f"{what} … {time.monotonic() - begin:.0f} s")


def _rewrite(what: str, log: Path, begin: float, end: threading.Event) -> None:
    while True:
        if _running[-1] == what:
            _show(f"{what} … {time.monotonic() - begin:.0f} s  {_last_line(log)}")
        if end.wait(1):
            break
    _show("")


def _show(text: str) -> None:
    width = shutil.get_terminal_size().columns - 1
    sys.stderr.write(f"\r\x1b[K{text[:width]}")
    sys.stderr.flush()


def _remind(what: str, _log: Path, begin: float, end: threading.Event) -> None:
    while not end.wait(REMINDER_SECONDS):
        if _running[-1] == what:
            print_progress(f"{what} … {time.monotonic() - begin:.0f} s so far")


def _last_line(log: Path) -> str:
    """The last full line of a text file that may still grow; "" if there is none."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1024))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    full = [line.rpartition("\r")[2].strip() for line in lines[:-1]]
    return next((line for line in reversed(full) if line.isprintable() and line), "")
