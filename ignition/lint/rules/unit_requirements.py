# SPDX-License-Identifier: Apache-2.0
"""Mandatory settings and names of units other than services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.lint import unit_names, unit_text
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject
    from ignition.lint.unit_text import UnitFiles

UNIT_NAME_MISMATCH = LintRule(
    "IGN1926",
    "unit name does not match its path: systemd refuses to load the unit",
    hint="name the unit after the path, see systemd-escape --path",
)
"""A mount or automount unit must be named after `Where=`, a swap unit after `What=`: `/var/lib/data` is
`var-lib-data.mount`, and a dash in the path is escaped as `\\x2d`."""

MOUNT_WITHOUT_WHAT = LintRule(
    "IGN1927",
    "What= is missing: systemd refuses to load the unit",
    hint="add What= with the device or source to mount",
)
"""A mount unit must set `What=` to the device or other source to mount."""

UNIT_WITHOUT_TRIGGER = LintRule(
    "IGN1928",
    "unit has no trigger: systemd refuses to load the unit",
    hint="add one, for example ListenStream= (socket), OnCalendar= (timer) or PathExists= (path)",
)
"""A socket unit needs an address to listen on, a timer unit a time, a path unit a path to watch."""

UNIT_WITHOUT_PATH = LintRule(
    "IGN1929",
    "mandatory path setting is missing",
    hint="add Where= (mount, automount) or What= (swap) with the path in the unit name",
)
"""The setting is mandatory according to systemd.mount(5) and related pages. systemd derives a missing path
from the unit name, but other tools do not."""

_LISTEN = """
ListenStream ListenDatagram ListenSequentialPacket ListenFIFO ListenSpecial ListenNetlink
ListenMessageQueue ListenUSBFunction
"""
_ELAPSE = """
OnCalendar OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec OnClockChange
OnTimezoneChange
"""
_WATCH = "PathExists PathExistsGlob PathChanged PathModified DirectoryNotEmpty"
_TRIGGERS = {
    ".socket": ("Socket", _LISTEN.split()),
    ".timer": ("Timer", _ELAPSE.split()),
    ".path": ("Path", _WATCH.split()),
}
_NAMED_AFTER = {
    ".mount": ("Mount", "Where"),
    ".automount": ("Automount", "Where"),
    ".swap": ("Swap", "What"),
}


def check(subject: Subject) -> Iterator[Violation]:
    for unit in unit_text.unit_files(subject):
        if unit.main is not None:
            yield from _unit(unit, complete=subject.defines_whole_unit(unit.name))


def _unit(unit: UnitFiles, *, complete: bool) -> Iterator[Violation]:
    assert unit.main is not None
    kind = unit.kind
    embedded = unit.main.embedded
    beginning = unit.main.headers[0].span if unit.main.headers else (0, 0)
    if kind in _TRIGGERS:
        section, names = _TRIGGERS[kind]
        if complete and not any(unit.values(section, name) for name in names):
            yield UNIT_WITHOUT_TRIGGER.inside(embedded, beginning)
    if kind in _NAMED_AFTER:
        section, name = _NAMED_AFTER[kind]
        for text in unit.texts:
            for setting in text.values(section, name)[-1:]:
                wanted = unit_names.escape_path(setting.value) + kind
                if (
                    setting.value.startswith("/")
                    and "%" not in setting.value
                    and wanted != unit.name
                ):
                    message = (
                        f"{name}={setting.value} requires the unit name {wanted}:"
                        " systemd refuses to load the unit"
                    )
                    yield UNIT_NAME_MISMATCH.inside(
                        text.embedded, setting.value_span, message, f"rename the unit to {wanted}"
                    )
        header = next((each.span for each in unit.main.headers if each.name == section), beginning)
        if complete and not unit.values(section, name):
            yield UNIT_WITHOUT_PATH.inside(embedded, header, f"{name}= is missing")
        if complete and kind == ".mount" and not unit.values(section, "What"):
            yield MOUNT_WITHOUT_WHAT.inside(embedded, header)
