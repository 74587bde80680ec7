# SPDX-License-Identifier: Apache-2.0
"""Numbers of bytes in words for people."""

from __future__ import annotations

_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def amount(size: int) -> str:
    """`300 bytes`, `64 MiB`, `1.5 GiB`."""
    return f"{_in(size, *_unit(size))} {_unit(size)[1]}"


def progress(size: int, whole: int | None) -> str:
    """`12.5 of 2048 MiB`, or `12.5 MiB` where nobody knows of how much. No larger unit: small steps show."""
    unit = _unit(min(size if whole is None else whole, _UNITS[1][0]))
    of = "" if whole is None else f" of {_in(whole, *unit)}"
    return f"{_in(size, *unit)}{of} {unit[1]}"


def _unit(size: int) -> tuple[int, str]:
    return next((unit for unit in _UNITS if size >= unit[0]), (1, "bytes"))


def _in(size: int, unit: int, name: str) -> str:
    return f"{size / unit:.1f}".removesuffix(".0") if name != "bytes" else str(size)
