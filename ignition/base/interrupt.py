# SPDX-License-Identifier: Apache-2.0
"""SIGTERM, SIGINT and SIGHUP: no new step starts, running steps finish, and the report names the signal.

Python delivers signals to the main thread only. Inside `Interruptible` the main thread raises `Interrupted`
at once. Elsewhere, while it waits for steps in other threads or writes the report, a signal only ends waits.
The state is global to the process, as signals are.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _thread

from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNALS = {
    _signal.SIGTERM: "SIGTERM",
    _signal.SIGINT: "SIGINT",
    _signal.SIGHUP: "SIGHUP",
}


class Interrupted(BaseException):
    """Unwinds a thread after a signal. A BaseException, so that no handler of failures catches it."""


class _Request:
    """The signal that asked to stop, if any. `wakers` end waits that block in the kernel."""

    __slots__ = ("_gate", "deferred", "signal", "wakers")

    def __init__(self) -> None:
        self.signal = ""
        self.wakers: dict[int, Callable[[], None]] = {}
        self.deferred = True
        self._gate = _thread.allocate_lock()  # released by the signal, which wakes all sleepers
        self._gate.acquire()

    def handle(self, number: int, _: object) -> None:
        if not self.signal:
            self.signal = _SIGNALS[number]
            self._gate.release()
        if not self.deferred:
            self.deferred = True  # a second signal must not interrupt cleanup and reporting
            raise Interrupted
        for wake in list(self.wakers.values()):
            wake()

    def sleep(self, seconds: float) -> None:
        if self._gate.acquire(timeout=max(0.0, seconds)):
            self._gate.release()
            raise Interrupted

    def reset(self) -> None:
        if self.signal:
            self.signal = ""
            self._gate.acquire()


_request = _Request()


def sleep(seconds: float) -> None:
    """Like `time.sleep`, but raises Interrupted as soon as a signal arrives."""
    _request.sleep(seconds)


def requested() -> bool:
    """Whether a signal has asked the run to stop."""
    return bool(_request.signal)


def check() -> None:
    """Raises Interrupted if a signal has asked the run to stop."""
    if _request.signal:
        raise Interrupted


def failure() -> Failure:
    """The failure to report for an interrupted run."""
    number = next(number for number, name in _SIGNALS.items() if name == _request.signal)
    return Failure(
        "IGN6205",
        f"the run was ended by {_request.signal}",
        hint="what was done stays; run the phase again to finish it",
        exit_status=128 + number,  # what a shell reports for Ignition, which dies of the signal
    )


def add_waker(key: int, wake: Callable[[], None]) -> None:
    """Registers a callback that ends a thread's blocking wait when a signal arrives."""
    _request.wakers[key] = wake


def remove_waker(key: int) -> None:
    """Removes the callback after the wait."""
    _request.wakers.pop(key, None)


class _Mode:
    """Sets whether a signal interrupts the main thread, for the duration of a `with` block."""

    __slots__ = ("_before",)
    deferred: bool

    def __enter__(self) -> None:
        self._before = _request.deferred
        _request.deferred = self.deferred

    def __exit__(self, *_: object) -> None:
        _request.deferred = self._before


class Uninterruptible(_Mode):
    """`with Uninterruptible():` around waiting for steps in other threads."""

    __slots__ = ()
    deferred = True


class Interruptible(_Mode):
    """`with Interruptible():` around the work of a phase. Raises Interrupted if a signal arrived before
    it."""

    __slots__ = ()
    deferred = False

    def __enter__(self) -> None:
        super().__enter__()
        if requested():
            self.__exit__()
            raise Interrupted


class SignalHandlers:
    """`with SignalHandlers():` around a run. Signals that the parent ignores (nohup) stay ignored."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        for number in _SIGNALS:
            if _signal.getsignal(number) != _signal.SIG_IGN:
                self._before[number] = _signal.signal(number, _request.handle)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            _signal.signal(number, handler)
        _request.reset()
