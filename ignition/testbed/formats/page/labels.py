# SPDX-License-Identifier: Apache-2.0
"""Labels in pictures: shortened to the room they have, for three widths of the window.

SVG does not break or shorten text. Each label is written once per width, and the style sheet shows one.
"""

from __future__ import annotations

from ignition.base.printable import printable

WIDTHS = (("wide", 920), ("middle", 560), ("narrow", 258))
"""Class -> pixels that a picture has at least, in a window of 1000, 641 and 320 pixels."""

_NARROW = frozenset("iljftrI!|.,:;'`()[]{}/\\\" -")
_WIDE = frozenset("mwMW@%&—…")


def drawn_width(label: str, *, strong: bool = False) -> float:
    """Pixels of a printable label at a size of 12 pixels, at most: in DejaVu Sans, which is a wide font."""
    width = sum(map(_character_width, label))
    return width * 1.15 if strong else width


def _character_width(character: str) -> float:
    if character in _NARROW:
        return 4.8
    if character in _WIDE:
        return 12.2
    if character.isascii():
        return 8.6 if character.isupper() else 7.6
    return 13.0


def shortened(label: str, pixels: float, *, strong: bool = False) -> str:
    """The printable start of a label that is not wider than so many pixels; "" if that says nothing."""
    # More can never fit, and a label may have a megabyte.
    label = printable(label[:400])
    if drawn_width(label, strong=strong) <= pixels:
        return label
    room = pixels - drawn_width("…", strong=strong)
    kept = 0
    while kept < len(label):
        room -= drawn_width(label[kept], strong=strong)
        if room < 0:
            break
        kept += 1
    return f"{label[:kept]}…" if kept > 2 else ""
