# SPDX-License-Identifier: Apache-2.0
"""Units that are enabled by hand, which the first boot takes back."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from ignition.lint import unit_text
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

ENABLEMENT_LINK_REMOVED = LintRule(
    "IGN1991",
    "systemd takes this link away at the first boot: nothing enables the unit",
    hint="enable the unit in place of the link: an entry under systemd.units with enabled: true",
)
"""At the first boot systemd sets all units to what presets say, and a unit that has an `[Install]` section
and no preset is disabled: its links below `*.wants` and `*.requires` go. `enabled: true` writes a preset. A
unit without `[Install]`, or one whose text is not in this config, is not reported."""

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
            message = f"{name} has an [Install] section and nothing enables it: systemd takes this link away"
            yield ENABLEMENT_LINK_REMOVED.at((*path, "path"), message)


def _template(name: str) -> str:
    stem, at, rest = name.partition("@")
    return f"{stem}@.{rest.rpartition('.')[2]}" if at else name


def _presets(subject: Subject) -> set[str]:
    """Patterns of units that preset files of the config enable."""
    found: set[str] = set()
    for file in subject.files:
        if _PRESET.fullmatch(file.target):
            for body in file.bodies:
                text = body.text(file.target)
                found.update(_ENABLE.findall(text.text) if text else ())
    return found
