# SPDX-License-Identifier: Apache-2.0
"""The difference of two texts, line by line."""

from __future__ import annotations

from ignition.base.printable import printable
from ignition.review.diff.compare import Difference

_MAX_LINES = 5000
"""Lines up to which texts are compared: difflib is quadratic."""
_NO_NEWLINE = "\\ No newline at end of file"


def unified(difference: Difference) -> list[str]:
    """A unified diff without the names of files; [] if a side has no text that may be shown."""
    old, new = difference.old, difference.new
    if old is None or new is None or old.text is None or new.text is None:
        return []
    return unified_diff(old.text, new.text)


def unified_diff(old: str, new: str) -> list[str]:
    """The same for two texts; [] if they are too long to compare."""
    from difflib import unified_diff as compare

    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if max(len(before), len(after)) > _MAX_LINES:
        return []
    out: list[str] = []
    for line in list(compare(before, after))[2:]:
        out.append(printable(line.removesuffix("\n")))
        if not line.endswith("\n"):
            out.append(_NO_NEWLINE)
    return out
