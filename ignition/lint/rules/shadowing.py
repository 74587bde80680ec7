# SPDX-License-Identifier: Apache-2.0
"""Units and files that get in each other's way, and units that are enabled but made nowhere."""

from __future__ import annotations

from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

SHADOWED_UNIT_FILE = LintRule(
    "IGN1931",
    "a unit of this config takes precedence over this file: systemd never reads it",
    hint="keep one of the two",
)
"""systemd reads a unit from the first folder that has it, and `/etc/systemd/system`, where the units of a
config go, comes before `/run` and `/usr`. The same holds for drop-ins of one name."""

MASKED_UNIT_FILE = LintRule(
    "IGN1932",
    "the unit is masked, which makes a link at the path of this file",
    hint="leave out mask, or the file",
)
"""Masking a unit puts a link to `/dev/null` in place of it, at `/etc/systemd/system/NAME`. A file there and
the link cannot both be."""

ENABLED_UNIT_MISSPELT = LintRule(
    "IGN1933",
    "this unit has no text in the config, but one of nearly this name has",
    hint="use one name for both",
)
"""A unit without contents is one that the image brings. Here the config brings one whose name differs by a
slip of the finger, so that another unit is enabled than the author means."""

GENERATED_UNIT_ENABLED = LintRule(
    "IGN1934",
    "units that podman makes from quadlet files cannot be enabled",
    hint="leave the unit out, and put WantedBy= into an [Install] section of the quadlet file",
)
"""The unit does not exist before podman's generator makes it at boot, and generated units cannot be enabled.
Their `[Install]` section in the quadlet file has that effect."""

MASKED_UNIT_WITH_CONTENTS = LintRule(
    "IGN1935",
    "the unit is masked: its contents are lost, and enabling it has no effect",
    hint="leave out mask, or the rest",
)
"""Masking puts a link to `/dev/null` in place of the unit, also in place of contents that the same config
gives it. A masked unit cannot be started by anything."""

DROPIN_WITHOUT_CONTENTS = LintRule(
    "IGN1936",
    "a drop-in without contents is not written",
    hint="give it contents, or leave it out",
)
"""An empty text, in contrast, makes an empty file, which takes a drop-in of the same name in `/usr` out of
force."""

_LOWER = (
    "/run/systemd/system/",
    "/usr/local/lib/systemd/system/",
    "/usr/lib/systemd/system/",
    "/lib/systemd/system/",
)
_FOLDER = "/etc/systemd/system/"


def check(subject: Subject) -> Iterator[Violation]:
    yield from _files(subject)
    brought = KnownNames(subject.inventory.units)
    generated = subject.inventory.generated
    for unit in subject.units:
        if unit.item.get("mask") and (unit.text or unit.item.get("enabled")):
            yield MASKED_UNIT_WITH_CONTENTS.at((*unit.path, "mask"))
            continue
        for index, dropin in enumerate(unit.item.get("dropins", ())):
            if "contents" not in dropin:
                yield DROPIN_WITHOUT_CONTENTS.at((*unit.path, "dropins", index))
        if not unit.item.get("enabled") or unit.text or unit.name in brought:
            continue
        if unit.name in generated:
            message = f"podman makes {unit.name} from {generated[unit.name]}: it cannot be enabled"
            yield GENERATED_UNIT_ENABLED.at((*unit.path, "name"), message)
            continue
        near = brought.closest(unit.name)
        # Instances that differ in a letter, as tty1 and tty2, are meant to.
        if near and "@" not in near and not _differ_in_a_digit(near, unit.name):
            hint = f"perhaps {near} is meant"
            yield ENABLED_UNIT_MISSPELT.at((*unit.path, "name"), hint=hint)


def _differ_in_a_digit(one: str, other: str) -> bool:
    digits = str.maketrans("", "", "0123456789")
    return one.translate(digits) == other.translate(digits)


def _files(subject: Subject) -> Iterator[Violation]:
    texts = set()
    masked = set()
    for unit in subject.units:
        if unit.text:
            texts.add(unit.name)
        texts.update(dropin.name for dropin in unit.dropins)
        if unit.item.get("mask"):
            masked.add(_FOLDER + unit.name)
    if not texts and not masked:
        return
    for item, path in subject.nodes():
        where = item.get("path", "")
        if where in masked and path[1] != "directories":
            yield MASKED_UNIT_FILE.at((*path, "path"))
        for folder in _LOWER:
            if where.startswith(folder) and where[len(folder) :] in texts:
                yield SHADOWED_UNIT_FILE.at((*path, "path"))
