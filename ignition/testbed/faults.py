# SPDX-License-Identifier: Apache-2.0
"""Faults on demand: what goes wrong with the machine, and what the engine promises for that case."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from ignition.base.errors import Failure
from ignition.base.settings import FETCH, FILES, PHASE_NAMES
from ignition.base.suggest import closest
from ignition.testbed.power import Action

Kind = Literal["power-cut", "net-late", "net-flaky", "disk-missing", "disk-slow", "disk-full"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MEANING: dict[Kind, str] = {
    "power-cut": "the power fails once, in the phase or after the seconds that are given (phase files)",
    "net-late": "the network cable is plugged in late, after the seconds that are given (30)",
    "net-flaky": "servers fail at first, and the network link goes down twice during the fetch phase",
    "disk-missing": "the last data disk that the config names is missing",
    "disk-slow": "all disks manage only the operations per second that are given (100)",
    "disk-full": "the root filesystem has no free block",
}
"""Each kind with its default, for the help."""
SECONDS_LATE = 30.0
IOPS = 100
DEVICE_WAIT = 20
"""Seconds that the engine waits for a disk that never comes."""
_WANTED = "the machine comes out as wanted"


@dataclass(frozen=True)
class Fault:
    """A fault.

    text      as the user wrote it: `power-cut=disks`
    seconds   when it happens or ends, after power-on. None: see `phase`
    phase     the power cut happens when this phase begins; "" for another moment
    iops      operations per second that a slow disk manages; 0: not limited
    """

    kind: Kind
    text: str
    seconds: float | None = None
    phase: str = ""
    iops: int = 0

    @property
    def may_succeed(self) -> bool:
        """Whether the promise is kept by a machine that comes out as wanted."""
        return self.kind != "disk-missing"

    @property
    def stops(self) -> tuple[str, ...]:
        """The codes with which the engine may stop instead. It must name one of these, and nothing else."""
        if self.kind == "disk-missing":
            return ("IGN2001",)
        if self.kind == "disk-full":
            return ("IGN3001", "IGN4023", "IGN4024", "IGN7003")
        return ()

    @property
    def promise(self) -> str:
        """What the engine promises, as a clause."""
        stop = f"the boot stops with {' or '.join(self.stops)}"
        if not self.stops:
            return _WANTED
        return f"{_WANTED}, or {stop}" if self.may_succeed else stop

    @property
    def cmdline(self) -> tuple[str, ...]:
        """Kernel arguments that make a wait for something that never comes end soon."""
        return (f"ignition.wait.device={DEVICE_WAIT}",) if self.kind == "disk-missing" else ()

    @property
    def actions(self) -> tuple[Action, ...]:
        """What happens to the running guest."""
        if self.kind == "power-cut":
            when = starts(self.phase) if self.phase else None
            return (Action("cut", self.seconds or 0.0, when),)
        if self.kind == "net-late":
            return (Action("link down"), Action("link up", self.seconds or SECONDS_LATE))
        if self.kind == "net-flaky":
            when = starts(FETCH)
            return (
                *(Action("link down", 0, when), Action("link up", 3, when)),
                *(Action("link down", 6, when), Action("link up", 9, when)),
            )
        return ()


SHORTENED = len("fetch-of")
"""Letters of a phase that systemd shows at least when it shortens a line to the width of the console."""


def starts(phase: str) -> re.Pattern[str]:
    """Matches the console's first line of a phase, systemd's or the engine's own."""
    name, unit = re.escape(phase), re.escape(phase[:SHORTENED])
    if phase == FETCH:
        unit += "(?!-of)"
    return re.compile(
        rf"Starting .*ignition-{unit}|Ignition \({name}\)|\bignition {name}:|ignition\[\d+\]: {name}:"
    )


def parse(text: str) -> Fault:
    """The fault `KIND` or `KIND=VALUE`. Failure IGN8330 with the nearest name for anything else."""
    name, given, value = text.partition("=")
    kind = next((known for known in KINDS if known == name), None)
    if kind is None:
        near = closest(name, KINDS)
        raise _wrong(
            f"there is no fault {name!r}",
            f"did you mean {near}?" if near else f"there are {', '.join(KINDS)}",
        )
    if given and not value:
        raise _wrong(f"{text!r} lacks a value after the =", f"{kind} alone has a default")
    if not given:
        return _default(kind)
    if kind == "power-cut":
        return _power_cut(text, value)
    if kind == "net-late":
        return Fault(kind, text, _seconds(kind, value))
    if kind == "disk-slow":
        return Fault(kind, text, iops=_operations(value))
    raise _wrong(f"{kind} takes no value, not {value!r}", f"write {kind}")


def _default(kind: Kind) -> Fault:
    if kind == "power-cut":
        return Fault(kind, kind, phase=FILES)
    if kind == "net-late":
        return Fault(kind, kind, SECONDS_LATE)
    return Fault(kind, kind, iops=IOPS if kind == "disk-slow" else 0)


def _power_cut(text: str, value: str) -> Fault:
    if value in PHASE_NAMES:
        return Fault("power-cut", text, phase=value)
    if value[0].isdigit() or value[0] in "+-.":
        return Fault("power-cut", text, _seconds("power-cut", value))
    near = closest(value, PHASE_NAMES)
    raise _wrong(
        f"power-cut={value}: there is no phase {value!r}",
        f"did you mean {near}?" if near else f"give seconds or a phase: {', '.join(PHASE_NAMES)}",
    )


def _seconds(kind: str, value: str) -> float:
    try:
        seconds = float(value.removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise _wrong(
            f"{kind}={value}: {value!r} is no number of seconds above 0", "write 30 or 2.5"
        )
    return seconds


def _operations(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:10]) <= 1_000_000):
        raise _wrong(
            f"disk-slow={value}: {value!r} is no number of operations per second", "write 100"
        )
    return int(value)


def _wrong(sentence: str, hint: str) -> Failure:
    return Failure("IGN8330", sentence, hint=hint)
