# SPDX-License-Identifier: Apache-2.0
"""The output of the benchmarks: a line per figure, with its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure, None if there is nothing to compare with. `of`: the values that it was computed from."""

    what: str
    figure: float | None
    most: float
    of: Sequence[str]

    @property
    def fits(self) -> bool:
        return self.figure is None or self.figure <= self.most

    def __str__(self) -> str:
        figure = "       -" if self.figure is None else f"{self.figure:8.3f}"
        verdict = "ok" if self.fits else "ABOVE THE LIMIT"
        return (
            f"{self.what:<50}{figure}   at most {self.most:<6g}{' / '.join(self.of):<22}{verdict}"
        )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.{0 if seconds >= 0.1 else 1}f} ms"
