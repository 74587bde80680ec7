# SPDX-License-Identifier: Apache-2.0
"""Units enabled by a symlink, which the presets of the first boot undo."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ignition.lint import unit_text
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

ENABLEMENT_LINK_REMOVED = LintRule(
    "IGN1991",
    "systemd removes this enablement symlink on first boot: no preset enables the unit",
    hint="replace the symlink by an entry in systemd.units with enabled: true",
)
"""On first boot systemd applies presets to all units. A unit that has an `[Install]` section but is not
enabled by a preset is disabled, and its symlinks in `*.wants/` and `*.requires/` are removed. `enabled: true`
writes a preset. Units without `[Install]`, and units that the config does not contain, are not reported."""

_LINK = re.compile(
    r"/(?:etc|usr/lib|usr/local/lib)/systemd/system/[^/]+\.(?:wants|requires|upholds)/([^/]+)"
)
_PRESET = re.compile(r"/(?:etc|usr/lib|usr/local/lib)/systemd/system-preset/[^/]+\.preset")
_ENABLE = re.compile(r"(?m)^[ \t]*enable[ \t]+(\S+)")


def check(subject: Subject) -> Iterator[Violation]:
    links = [
        (match[1], path)
        for item, path in subject.items("storage", "links")
        if not item.get("hard") and (match := _LINK.fullmatch(item.get("path", "")))
    ]
    if not links or not subject.inventory.complete:
        return
    with_install = {
        unit.name
        for unit in unit_text.unit_files(subject)
        if any(header.name == "Install" for text in unit.texts for header in text.headers)
    }
    patterns = _presets(subject)
    for name, path in links:
        unit = name if name in with_install else _template(name)
        enabled = {name, unit} & subject.inventory.enabled or any(
            fnmatchcase(each, pattern) for each in (name, unit) for pattern in patterns
        )
        if unit in with_install and not enabled:
            message = f"no preset enables {name}: systemd removes this symlink on first boot"
            yield ENABLEMENT_LINK_REMOVED.at((*path, "path"), message)


def _template(name: str) -> str:
    stem, at, rest = name.partition("@")
    return f"{stem}@.{rest.rpartition('.')[2]}" if at else name


def _presets(subject: Subject) -> set[str]:
    """Patterns of the units that preset files in the config enable."""
    found: set[str] = set()
    for file in subject.files:
        if _PRESET.fullmatch(file.target):
            for body in file.bodies:
                text = body.text(file.target)
                found.update(_ENABLE.findall(text.text) if text else ())
    return found
