# SPDX-License-Identifier: Apache-2.0
"""Units and files that override each other, and enabled units that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.lint.inventory import UNIT_DIRECTORY
from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

SHADOWED_UNIT_FILE = LintRule(
    "IGN1931",
    "file is ignored: a unit in this config takes precedence",
    hint="remove the file or the unit",
)
"""Units in `systemd.units` are written to `/etc/systemd/system`, which takes precedence over `/run` and
`/usr`. The same applies to drop-ins with the same name."""

MASKED_UNIT_FILE = LintRule(
    "IGN1932",
    "file conflicts with the symlink that masks the unit",
    hint="remove mask, or remove the file",
)
"""Masking a unit creates the symlink `/etc/systemd/system/NAME` -> `/dev/null`, so no file can exist at that
path."""

ENABLED_UNIT_MISSPELT = LintRule(
    "IGN1933",
    "enabled unit has no contents, but a unit with a similar name does",
    hint="use the same name for both",
)
"""A unit without contents must come from the image. Here the config contains a unit whose name is one typo
away, so probably the wrong unit is enabled."""

GENERATED_UNIT_ENABLED = LintRule(
    "IGN1934",
    "units generated from quadlet files cannot be enabled",
    hint="remove the unit, and add an [Install] section with WantedBy= to the quadlet file",
)
"""podman's generator creates the unit at boot, and systemd cannot enable generated units. The generator
applies the `[Install]` section of the quadlet file instead."""

MASKED_UNIT_WITH_CONTENTS = LintRule(
    "IGN1935",
    "unit is masked: its contents are discarded, and enabling it has no effect",
    hint="remove mask, or remove contents and enabled",
)
"""Masking replaces the unit, including contents from the same config, by a symlink to `/dev/null`. A masked
unit cannot be started."""

DROPIN_WITHOUT_CONTENTS = LintRule(
    "IGN1936",
    "drop-in without contents is not written",
    hint="add contents, or remove the drop-in",
)
"""Empty contents, in contrast, create an empty file, which disables a drop-in of the same name in `/usr`."""

_LOWER_PRECEDENCE = (
    "/run/systemd/system/",
    "/usr/local/lib/systemd/system/",
    "/usr/lib/systemd/system/",
    "/lib/systemd/system/",
)


def check(subject: Subject) -> Iterator[Violation]:
    yield from _files(subject)
    provided = KnownNames(subject.inventory.units)
    generated = subject.inventory.generated
    for unit in subject.units:
        if unit.item.get("mask") and (unit.text or unit.item.get("enabled")):
            yield MASKED_UNIT_WITH_CONTENTS.at((*unit.path, "mask"))
            continue
        for index, dropin in enumerate(unit.item.get("dropins", ())):
            if "contents" not in dropin:
                yield DROPIN_WITHOUT_CONTENTS.at((*unit.path, "dropins", index))
        if not unit.item.get("enabled") or unit.text or unit.name in provided:
            continue
        if unit.name in generated:
            message = f"{unit.name} is generated from {generated[unit.name]} and cannot be enabled"
            yield GENERATED_UNIT_ENABLED.at((*unit.path, "name"), message)
            continue
        near = provided.closest(unit.name)
        # Instances and numbered units, such as tty1 and tty2, differ by one character on purpose.
        if near and "@" not in near and not _differ_in_a_digit(near, unit.name):
            hint = f"did you mean {near}?"
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
            masked.add(UNIT_DIRECTORY + unit.name)
    if not texts and not masked:
        return
    for item, path in subject.nodes():
        where = item.get("path", "")
        if where in masked and path[1] != "directories":
            yield MASKED_UNIT_FILE.at((*path, "path"))
        for directory in _LOWER_PRECEDENCE:
            if where.startswith(directory) and where[len(directory) :] in texts:
                yield SHADOWED_UNIT_FILE.at((*path, "path"))
