# SPDX-License-Identifier: Apache-2.0
"""Formats sizes in bytes for messages."""

from __future__ import annotations

_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def format_size(size: int) -> str:
    """`300 bytes`, `64 MiB`, `1.5 GiB`."""
    return f"{_in_unit(size, *_unit_of(size))} {_unit_of(size)[1]}"


def format_progress(size: int, total: int | None) -> str:
    """`12.5 of 2048 MiB`, or `12.5 MiB` if the total is unknown. Never GiB, so that slow progress shows."""
    unit = _unit_of(min(size if total is None else total, _UNITS[1][0]))
    suffix = "" if total is None else f" of {_in_unit(total, *unit)}"
    return f"{_in_unit(size, *unit)}{suffix} {unit[1]}"


def _unit_of(size: int) -> tuple[int, str]:
    return next((unit for unit in _UNITS if size >= unit[0]), (1, "bytes"))


def _in_unit(size: int, unit: int, name: str) -> str:
    return f"{size / unit:.1f}".removesuffix(".0") if name != "bytes" else str(size)
