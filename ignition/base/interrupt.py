# SPDX-License-Identifier: Apache-2.0
"""Signals that ask the run to end: nothing new begins, what runs comes to its end, and the cause is told.

The state is the process's own, as signals are. A signal reaches the main thread only. Inside `Interruptible`
it is interrupted right there. Elsewhere - while it waits for steps in other threads, or tells how a phase
ended - waits are ended and what runs is let come to an end.
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
    """Ends what a thread does, because a signal asked for it. No handler of failures takes it for its own."""


class _Wish:
    """Whether somebody asked, and what to do then. `waits` ends waits that hang in the kernel."""

    __slots__ = ("_gate", "by", "patient", "waits")

    def __init__(self) -> None:
        self.by = ""
        self.waits: dict[int, Callable[[], None]] = {}
        self.patient = True
        self._gate = _thread.allocate_lock()  # open when somebody asked
        self._gate.acquire()

    def requested(self, number: int, _: object) -> None:
        if not self.by:
            self.by = _SIGNALS[number]
            self._gate.release()
        if not self.patient:
            self.patient = True  # once is enough: what follows is clearing up and telling
            raise Interrupted
        for end in list(self.waits.values()):
            end()

    def sleep(self, seconds: float) -> None:
        if self._gate.acquire(timeout=max(0.0, seconds)):
            self._gate.release()
            raise Interrupted

    def forget(self) -> None:
        if self.by:
            self.by = ""
            self._gate.acquire()


_wish = _Wish()


def sleep(seconds: float) -> None:
    """As `time.sleep`; Interrupted when the run is asked to end."""
    _wish.sleep(seconds)


def requested() -> bool:
    """Whether the run was asked to end."""
    return bool(_wish.by)


def check() -> None:
    """Interrupted if the run was asked to end."""
    if _wish.by:
        raise Interrupted


def failure() -> Failure:
    """What is told of it."""
    number = next(number for number, name in _SIGNALS.items() if name == _wish.by)
    return Failure(
        "IGN6205",
        f"the run was ended by {_wish.by}",
        hint="what was done stays; run the phase again to finish it",
        exit_status=128 + number,  # what a shell reports for Ignition, which dies of the signal
    )


def add_waker(key: int, end: Callable[[], None]) -> None:
    """Has `end` called if the run is asked to end while a thread hangs in a wait."""
    _wish.waits[key] = end


def remove_waker(key: int) -> None:
    """The wait of that key is over."""
    _wish.waits.pop(key, None)


class _Mode:
    """Whether a signal interrupts the main thread, for the time of a `with`."""

    __slots__ = ("_before",)
    patient: bool

    def __enter__(self) -> None:
        self._before = _wish.patient
        _wish.patient = self.patient

    def __exit__(self, *_: object) -> None:
        _wish.patient = self._before


class Uninterruptible(_Mode):
    """`with Patience():` around waiting for steps in other threads: a signal does not interrupt it."""

    __slots__ = ()
    patient = True


class Interruptible(_Mode):
    """`with Interruptible():` around the work of a phase. Interrupted where a signal came before it."""

    __slots__ = ()
    patient = False

    def __enter__(self) -> None:
        super().__enter__()
        if requested():
            self.__exit__()
            raise Interrupted


class SignalHandlers:
    """`with Listening():` around a run. A signal that was ignored before (nohup) stays so."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        for number in _SIGNALS:
            if _signal.getsignal(number) != _signal.SIG_IGN:
                self._before[number] = _signal.signal(number, _wish.requested)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            _signal.signal(number, handler)
        _wish.forget()
