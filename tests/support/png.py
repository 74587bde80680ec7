# SPDX-License-Identifier: Apache-2.0
"""Reads the PNG files that a browser writes: eight bits per channel, not interlaced.

Source: https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter

Colour = tuple[int, int, int]


def colours(png: bytes) -> Counter[Colour]:
    """How many pixels have which colour."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, header = 8, b"", b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        name, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        header = body if name == b"IHDR" else header
        data += body if name == b"IDAT" else b""
        at += size + 12
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    assert depth == 8 and kind in (2, 6) and not interlaced
    channels = 3 if kind == 2 else 4
    counted: Counter[Colour] = Counter()
    for row in _rows(zlib.decompress(data), width * channels, height, channels):
        counted.update(zip(row[::channels], row[1::channels], row[2::channels], strict=True))
    return counted


def _rows(data: bytes, size: int, height: int, channels: int) -> list[bytearray]:
    """Undoes the filter of each row."""
    rows = []
    above = bytearray(size)
    for number in range(height):
        start = number * (size + 1)
        row = bytearray(data[start + 1 : start + 1 + size])
        _unfilter(row, above, data[start], channels)
        rows.append(row)
        above = row
    return rows


def _unfilter(row: bytearray, above: bytearray, kind: int, channels: int) -> None:
    for i in range(len(row) if kind else 0):
        left = row[i - channels] if i >= channels else 0
        corner = above[i - channels] if i >= channels else 0
        guess = (0, left, above[i], (left + above[i]) // 2, _paeth(left, above[i], corner))[kind]
        row[i] = (row[i] + guess) & 0xFF


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))
