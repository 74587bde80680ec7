# SPDX-License-Identifier: Apache-2.0
"""Lines of unit files that systemd ignores with a warning in the journal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ignition.base.finding import INFO
from ignition.lint import unit_keys, unit_names, unit_text
from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject
    from ignition.lint.unit_text import Setting, UnitText

SETTING_OUTSIDE_SECTION = LintRule(
    "IGN1911",
    "setting outside of a section, systemd ignores it",
    hint="move it below a section header such as [Service]",
)
"""Every setting must follow a section header."""

STRAY_UNIT_LINE = LintRule(
    "IGN1912",
    "neither a setting nor a section header, systemd ignores this line",
    hint="write NAME=VALUE; start comments with #, end continued lines with a backslash",
)
"""The line has no `=`, or is a section header without a closing bracket. Often it continues a command whose
previous line lacks a backslash."""

UNKNOWN_SECTION = LintRule(
    "IGN1913",
    "unknown section, systemd ignores it",
    hint="use the sections of this unit type; prefix custom sections with X-",
)
"""A unit has the sections `[Unit]`, `[Install]` and one for its type: `[Service]` in a service, `[Mount]` in
a mount, and so on. Other sections are ignored with everything in them. Section names are case-sensitive."""

MISPLACED_SETTING = LintRule(
    "IGN1914",
    "setting in the wrong section, systemd ignores it",
    hint="move it to the right section",
)
"""For example `After=` in `[Service]`, or `WantedBy=` in `[Unit]`."""

MISSPELT_SETTING = LintRule(
    "IGN1915",
    "unknown setting, probably misspelt",
    hint="fix the name",
)
"""systemd ignores unknown settings, so a typo silently disables a setting. Names are case-sensitive."""

UNKNOWN_SETTING = LintRule(
    "IGN1916",
    "unknown setting, systemd ignores it",
    hint="see systemd.directives(7); prefix custom settings with X-",
    severity=INFO,
)
"""The list of settings is that of systemd 258; newer versions may know more."""

INVALID_BOOLEAN = LintRule(
    "IGN1917",
    "not a boolean",
    hint="use yes or no",
)
"""systemd accepts yes, no, true, false, on, off, 1 and 0 (also y, n, t, f), and ignores the line
otherwise."""

INVALID_TIME_SPAN = LintRule(
    "IGN1918",
    "not a time span",
    hint="use a number with a unit, such as 90s, 5min or 1h 30min, or infinity",
)
"""See systemd.time(7). A number without a unit is in seconds. systemd ignores the line if it cannot parse
it."""

UNKNOWN_VALUE = LintRule(
    "IGN1919",
    "unknown value, systemd ignores it",
    hint="see the man page for the accepted values",
)
"""Checked for settings with a fixed set of values: `Type=`, `Restart=`, `KillMode=`."""

INVALID_UNIT_NAME = LintRule(
    "IGN1920",
    "not a unit name",
    hint="add the unit type, such as .service or .target",
)
"""Settings such as `After=` and `WantedBy=` need full unit names: `multi-user.target`, not `multi-user`. An
invalid name has no effect in `[Unit]`; in `[Install]` it makes enabling the unit fail."""

# Possessive quantifiers: backtracking would take exponential time on a long value.
_TIME = re.compile(
    r"infinity|(?:[\d.]++\s*+(?:usec|us|µs|μs|nsec|ns|msec|ms|seconds|second|sec|s|minutes|minute|min"
    r"|months|month|m|M|hours|hour|hr|h|days|day|d|weeks|week|w|years|year|y)?+\s*+)+"
)
_CHOICES = {
    ("Service", "Type"): frozenset(
        ("simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle")
    ),
    ("Service", "Restart"): frozenset(
        ("no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always")
    ),
    ("Service", "KillMode"): frozenset(("control-group", "process", "mixed", "none")),
}
_UNIT_LISTS_WORDS = """
After Alias Also Before BindsTo Conflicts OnFailure OnSuccess PartOf RequiredBy Requires Requisite
UpheldBy Upholds WantedBy Wants
"""
_UNIT_LISTS = frozenset(_UNIT_LISTS_WORDS.split())
_UNIT_NAME = re.compile(r"[^\s/]+\.(" + "|".join(kind[1:] for kind in unit_names.TYPES) + ")")
_WORD = re.compile(r"\S+")
_SETTINGS = {section: KnownNames(names) for section, names in unit_keys.SECTIONS.items()}


def check(subject: Subject) -> Iterator[Violation]:
    for unit in unit_text.unit_files(subject):
        if unit.kind:
            for text in unit.texts:
                yield from _text(text, unit.kind)


def _text(text: UnitText, kind: str) -> Iterator[Violation]:
    sections = sections_of(kind)
    embedded = text.embedded
    for span in text.stray:
        yield STRAY_UNIT_LINE.inside(embedded, span)
    ignored = set()
    for header in text.headers:
        if header.name not in sections and not header.name.startswith("X-"):
            ignored.add(header.name)
            message = f"unknown section [{header.name}] in a {kind[1:]} unit, systemd ignores it"
            near = KnownNames(sections).closest(header.name)
            yield UNKNOWN_SECTION.inside(
                embedded, header.span, message, f"did you mean [{near}]?" if near else ""
            )
    for setting in text.settings:
        if not setting.section:
            yield SETTING_OUTSIDE_SECTION.inside(embedded, setting.name_span)
        elif setting.section in _SETTINGS and setting.section not in ignored:
            found = _setting(text, setting, sections)
            if found:
                yield found


def sections_of(kind: str) -> tuple[str, ...]:
    """The sections that a unit of this type may have."""
    own = kind[1:].capitalize()
    return ("Unit", "Install", own) if own in unit_keys.SECTIONS else ("Unit", "Install")


def _setting(text: UnitText, setting: Setting, sections: tuple[str, ...]) -> Violation | None:
    name, section = setting.name, setting.section
    if name.startswith("X-"):
        return None
    if name not in _SETTINGS[section]:
        return _unknown(text, setting, sections)
    value = setting.value
    if not value or "%" in value:
        return None
    if name in unit_keys.BOOLEANS and not unit_text.is_boolean(value):
        return INVALID_BOOLEAN.inside(
            text.embedded, setting.value_span, f"{name}= is not a boolean"
        )
    if name in unit_keys.TIMES and not _TIME.fullmatch(value):
        return INVALID_TIME_SPAN.inside(
            text.embedded, setting.value_span, f"{name}= is not a time span"
        )
    choices = _CHOICES.get((section, name))
    if choices and value not in choices:
        message = f"unknown value {name}={value}"
        hint = f"use one of {', '.join(sorted(choices))}"
        return UNKNOWN_VALUE.inside(text.embedded, setting.value_span, message, hint)
    return _unit_list(text, setting) if name in _UNIT_LISTS else None


def _unknown(text: UnitText, setting: Setting, sections: tuple[str, ...]) -> Violation:
    name = setting.name
    span = setting.name_span
    others = [each for each in sections if name in _SETTINGS[each]]
    if others:
        message = (
            f"{name} belongs in section [{others[0]}], systemd ignores it in [{setting.section}]"
        )
        return MISPLACED_SETTING.inside(text.embedded, span, message)
    near = _SETTINGS[setting.section].closest(name)
    if near:
        message = f"unknown setting {name} in section [{setting.section}], systemd ignores it"
        return MISSPELT_SETTING.inside(text.embedded, span, message, f"did you mean {near}?")
    message = f"unknown setting {name} in section [{setting.section}], systemd ignores it"
    return UNKNOWN_SETTING.inside(text.embedded, span, message)


def _unit_list(text: UnitText, setting: Setting) -> Violation | None:
    start, end = setting.value_span
    written = text.embedded.text[start:end]
    if "\n" in written:
        return None
    for word in _WORD.finditer(written):
        if not _UNIT_NAME.fullmatch(word[0]):
            span = (start + word.start(), start + word.end())
            return INVALID_UNIT_NAME.inside(text.embedded, span, f"{word[0]} is not a unit name")
    return None
