# SPDX-License-Identifier: Apache-2.0
"""Rules that only lint knows, one module per theme.

Each module holds its rules as constants, with their documentation below them, and a function `check` that
applies them to a config.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ignition.lint.rules import (
    accounts,
    bodies,
    devices,
    inline,
    modes,
    mounts,
    paths,
    quadlets,
    remote,
    secrets,
    shadowing,
    size,
    unit_commands,
    unit_needs,
    unit_settings,
)

if TYPE_CHECKING:
    from ignition.lint.rule import Found
    from ignition.lint.subject import Subject

_THEMES = (
    size,
    remote,
    inline,
    secrets,
    accounts,
    devices,
    mounts,
    paths,
    modes,
    shadowing,
    unit_settings,
    unit_commands,
    unit_needs,
    quadlets,
    bodies,
)


def findings(subject: Subject) -> Iterator[Found]:
    """What the rules have to say about a config that could be read."""
    for theme in _THEMES:
        yield from theme.check(subject)
