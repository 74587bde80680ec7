# SPDX-License-Identifier: Apache-2.0
"""How the review commands lay out their text: colours, width, positions."""

from __future__ import annotations

from dataclasses import dataclass

from ignition.base.origin import Origin
from ignition.base.printable import printable

_COLOURS = {
    "head": "\x1b[1m",
    "dim": "\x1b[2m",
    "old": "\x1b[31m",
    "new": "\x1b[32m",
    "warn": "\x1b[33m",
    "bad": "\x1b[1;31m",
    "good": "\x1b[1;32m",
}
_PLAIN = "\x1b[0m"


@dataclass(frozen=True)
class Style:
    """`width` is that of the terminal in characters."""

    width: int = 80
    colour: bool = False

    def paint(self, what: str, text: str) -> str:
        """Text in a colour, where colours are wanted."""
        return f"{_COLOURS[what]}{text}{_PLAIN}" if self.colour else text

    def row(self, left: str, value: str, place: str) -> list[str]:
        """A value and its place: in one line if both fit, else in two, with the value shortened."""
        room = max(20, self.width - len(left))
        if not place:
            return [left + shorten(value, room)]
        if len(value) + 2 + len(place) <= room:
            return [f"{left}{value}  {self.paint('dim', place)}"]
        return [left + shorten(value, room), " " * len(left) + self.paint("dim", place)]


def shorten(text: str, room: int) -> str:
    """Text cut to a width."""
    return text if len(text) <= room else text[: room - 3] + "..."


def place(origin: Origin | None) -> str:
    """An origin in one line: source, line and column if known, JSON pointer."""
    if origin is None:
        return ""
    where = f"{origin.source}:{origin.line}:{origin.column}" if origin.line else origin.source
    return printable(f"{where} {origin.pointer}".rstrip())
