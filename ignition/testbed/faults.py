# SPDX-License-Identifier: Apache-2.0
"""Faults on demand: what goes wrong with the machine, and what the engine promises for that case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["power-cut", "net-late", "net-flaky", "disk-missing", "disk-slow", "disk-full"]


@dataclass(frozen=True)
class Fault:
    """A fault.

    text      as the user wrote it: `power-cut=disks`
    seconds   when it happens, after power-on; or how long it lasts. None: see `phase`
    phase     the power cut happens when this phase begins; "" if `seconds` is set
    """

    kind: Kind
    text: str
    seconds: float | None = None
    phase: str = ""

    @property
    def stops(self) -> tuple[str, ...]:
        """The codes with which the engine may stop. Without any, the machine must come out as wanted."""
        raise NotImplementedError

    @property
    def promise(self) -> str:
        """What the engine promises, as a sentence."""
        raise NotImplementedError


def parse(text: str) -> Fault:
    """The fault `KIND[=VALUE]`. Failure (IGN8330) with the nearest name if there is no such fault."""
    raise NotImplementedError
