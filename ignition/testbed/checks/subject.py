# SPDX-License-Identifier: Apache-2.0
"""What all rooms share: the object that is judged, and its checks."""

from __future__ import annotations

from dataclasses import dataclass

from ignition.base.origin import Origin
from ignition.base.printable import printable
from ignition.testbed.results import Check, Status

SHORT = 120
"""Characters of a value in `expected` and `found`."""


@dataclass(frozen=True)
class Subject:
    """An object of the machine, such as `file /etc/hostname`, and where it is expected."""

    name: str
    place: Origin

    def check(self, prop: str, same: bool, expected: str, found: str, detail: str = "") -> Check:
        """A decided check. `detail` is kept only if it failed."""
        return Check(
            subject=short(self.name),
            prop=prop,
            status=Status.PASSED if same else Status.FAILED,
            place=self.place,
            expected=short(expected),
            found=short(found),
            detail="" if same else detail,
        )

    def equal(self, prop: str, expected: object, found: object) -> Check:
        return self.check(prop, expected == found, str(expected), str(found))

    def undecided(self, prop: str, reason: str, expected: str = "") -> Check:
        return Check(
            subject=short(self.name),
            prop=prop,
            status=Status.NOT_DECIDED,
            place=self.place,
            expected=short(expected),
            reason=reason,
        )


def short(text: str) -> str:
    """One printable line of at most SHORT characters."""
    line = printable(text.strip())
    return line if len(line) <= SHORT else line[: SHORT - 1] + "…"


def tail(text: str, lines: int = 20) -> str:
    """The last lines, printable, each at most 400 characters."""
    return "\n".join(printable(line)[:400] for line in text.rstrip().splitlines()[-lines:])
