# SPDX-License-Identifier: Apache-2.0
"""Helpers for tests of rules: spec versions, and findings as lines."""

from __future__ import annotations

from typing import Any

from ignition.config import rules, shapes

ALL = shapes.VERSIONS
NEWEST = shapes.NEWEST


def since(version: str) -> tuple[str, ...]:
    return ALL[ALL.index(version) :]


def until(version: str) -> tuple[str, ...]:
    return ALL[: ALL.index(version) + 1]


def findings_in(config: dict[str, Any], version: str = NEWEST) -> list[str]:
    """All findings on a canonical config, as `error storage.files.0.path: path not specified`."""
    config = {**config, "ignition": {"version": version, **config.get("ignition", {})}}
    return [
        f"{found.severity} {'.'.join(map(str, found.path))}: {found.message}"
        for found in rules.findings(config, version)
    ]


def config_with(place: str, value: Any) -> dict[str, Any]:
    """A config with only this value, at a path like `storage.files.0`."""
    for step in reversed(place.split(".")):
        value = [value] if step == "0" else {step: value}
    assert isinstance(value, dict)
    return value


def findings_at(place: str, value: Any, version: str = NEWEST) -> list[str]:
    """Findings on a config that has only this value, all of which must be at this place or below.

    The place is left out of the lines: `error path: path not specified`; `.` is the value itself.
    """
    return [_relative(line, place) for line in findings_in(config_with(place, value), version)]


def _relative(line: str, place: str) -> str:
    severity, path, message = line.split(" ", 2)
    assert path.startswith(place), line
    return f"{severity} {path[len(place) : -1].removeprefix('.') or '.'}: {message}"
