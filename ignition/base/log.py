# SPDX-License-Identifier: Apache-2.0
"""The log, in Ignition's format: lines, prefixes and operations that other tools parse.

`journalctl --identifier=ignition` shows it, so the identifier, the level words and the line shapes are
interface (docs/behaviour/run.md). What people watch live is `engine.view`, not this.
"""

from __future__ import annotations

import _thread
import os
import time

from ignition.base.printable import escape, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    Sink = Callable[[int, str], None]

CRITICAL, ERROR, WARNING, NOTICE, INFO, DEBUG = range(2, 8)
_LEVELS = ("EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Log:
    """Writes lines with a prefix. Child logs share the sink and the operation counter."""

    __slots__ = ("_counter", "_prefix", "_sink")

    def __init__(self, sink: Sink, prefix: str = "", counter: _Counter | None = None) -> None:
        self._sink = sink
        self._prefix = prefix
        self._counter = counter or _Counter()

    def child(self, prefix: str) -> Log:
        """A log that appends one more prefix."""
        return Log(self._sink, f"{self._prefix}{prefix}: ", self._counter)

    def critical(self, text: str) -> None:
        self._sink(CRITICAL, self._prefix + text)

    def error(self, text: str) -> None:
        self._sink(ERROR, self._prefix + text)

    def warning(self, text: str) -> None:
        self._sink(WARNING, self._prefix + text)

    def notice(self, text: str) -> None:
        self._sink(NOTICE, self._prefix + text)

    def info(self, text: str) -> None:
        self._sink(INFO, self._prefix + text)

    def debug(self, text: str) -> None:
        self._sink(DEBUG, self._prefix + text)

    def operation(self, text: str) -> Operation:
        """`with log.operation("writing x") as inner:` logs start and end; `inner` has the op(N) prefix."""
        return Operation(self.child(f"op({self._counter.next():x})"), text)


class Operation:
    """A logged operation: `[started]`, then `[finished]`, or `[failed]` with the error."""

    __slots__ = ("_log", "_text")

    def __init__(self, log: Log, text: str) -> None:
        self._log = log
        self._text = text

    def __enter__(self) -> Log:
        self._log.info(f"[started]  {self._text}")
        return self._log

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        if error is None:
            self._log.info(f"[finished] {self._text}")
        else:
            self._log.critical(f"[failed]   {self._text}: {error}")
        return False


class _Counter:
    __slots__ = ("_lock", "_value")

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._value = 0

    def next(self) -> int:
        with self._lock:
            self._value += 1
            return self._value


def write_stdout(level: int, text: str) -> None:
    """Writes a line to standard output: the level padded to nine characters, a colon, the text."""
    line = f"{_LEVELS[level]:<9}: {printable(text)}\n".encode()
    try:
        os.write(1, line)
    except OSError:
        pass  # a closed standard output is no reason to stop provisioning


def open_sink(*, stdout: bool) -> Sink:
    """The sink of a run: the system log, or standard output if requested or if there is no system log."""
    if stdout:
        return write_stdout
    for path in ("/dev/log", "/var/run/syslog", "/var/run/log"):
        try:
            return _Syslog(path).write
        except OSError as error:
            reason = error.strerror
    write_stdout(ERROR, f"unable to open syslog: {reason}")
    return write_stdout


class _Syslog:
    """The datagram socket of syslog or journald. Uses facility kern, as Ignition does."""

    __slots__ = ("_path", "_socket", "_tag")

    def __init__(self, path: str) -> None:
        import _socket

        self._path = path
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
        self._socket.connect(path)
        self._tag = f"ignition[{os.getpid()}]: "

    def write(self, level: int, text: str) -> None:
        now = time.localtime()
        stamp = f"{_MONTHS[now.tm_mon - 1]} {now.tm_mday:2} {time.strftime('%H:%M:%S', now)} "
        message = f"<{level}>{stamp}{self._tag}{printable(text)}".encode()
        try:
            self._socket.send(message)
        except OSError:
            self._reconnect(message)

    def _reconnect(self, message: bytes) -> None:
        """Sends again after a restart of journald, or after a line that exceeds the datagram size."""
        try:
            self._socket.connect(self._path)
            self._socket.send(message[:32768])
        except OSError:
            pass


def quote(text: str) -> str:
    """Quotes text as Go's %q does, which is how Ignition prints commands and paths."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    if plain.isprintable():
        return f'"{plain}"'
    return '"' + "".join(c if c.isprintable() else escape(c) for c in plain) + '"'
