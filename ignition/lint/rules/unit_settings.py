# SPDX-License-Identifier: Apache-2.0
"""Lines of unit files that systemd ignores, with a warning that nobody sees before the machine runs."""

from __future__ import annotations

import re

from ignition.base.finding import INFO
from ignition.lint import unit_keys, unit_names, unit_text
from ignition.lint.rule import LintRule
from ignition.lint.typos import KnownNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject
    from ignition.lint.unit_text import Setting, UnitText

SETTING_OUTSIDE_SECTION = LintRule(
    "IGN1911",
    "a setting before the first section: systemd ignores it",
    hint="put it below a section such as [Service]",
)
"""Every setting of a unit belongs to the section above it."""

STRAY_UNIT_LINE = LintRule(
    "IGN1912",
    "neither a setting nor a section: systemd ignores this line",
    hint="write NAME=VALUE, begin comments with #, and end lines that go on with a backslash",
)
"""A line that has no `=`, or a section header without its closing bracket. Often the second half of a
command that was broken without a backslash."""

UNKNOWN_SECTION = LintRule(
    "IGN1913",
    "systemd ignores this section",
    hint="use the sections of this type of unit; names of your own begin with X-",
)
"""A unit has the sections `[Unit]`, `[Install]` and the one of its type: `[Service]` in a service, `[Mount]`
in a mount, and so on. All others are ignored, with everything in them. Names count letter by letter."""

MISPLACED_SETTING = LintRule(
    "IGN1914",
    "this setting belongs to another section: systemd ignores it here",
    hint="move it to the section that knows it",
)
"""For example `After=` in `[Service]`, or `WantedBy=` in `[Unit]`."""

MISSPELT_SETTING = LintRule(
    "IGN1915",
    "systemd does not know this setting, but one with nearly this name",
    hint="correct the name",
)
"""Unknown settings are ignored, so that a slip of the finger takes a setting out of force. Names count letter
by letter, upper and lower case too."""

UNKNOWN_SETTING = LintRule(
    "IGN1916",
    "systemd does not know this setting, and ignores it",
    hint="look it up in systemd.directives(7); names of your own begin with X-",
    severity=INFO,
)
"""Measured by the settings of systemd 258. A newer one may know it."""

INVALID_BOOLEAN = LintRule(
    "IGN1917",
    "this setting is yes or no",
    hint="write yes or no",
)
"""systemd takes yes, no, true, false, on, off, 1 and 0 (also y, n, t, f); it ignores the line otherwise."""

INVALID_TIME_SPAN = LintRule(
    "IGN1918",
    "this is no time span",
    hint="write a number with a unit: 90s, 5min, 1h 30min, or infinity",
)
"""See systemd.time(7). A plain number is in seconds. systemd ignores the line otherwise."""

UNKNOWN_VALUE = LintRule(
    "IGN1919",
    "systemd does not know this value, and ignores it",
    hint="use one of the values in the man page",
)
"""For settings that take one word of a few: `Type=`, `Restart=`, `KillMode=`."""

INVALID_UNIT_NAME = LintRule(
    "IGN1920",
    "this is not the name of a unit",
    hint="end it in .service, .target or another type of unit",
)
"""Settings such as `After=` and `WantedBy=` name units with their type: `multi-user.target`, not
`multi-user`. What is not the name of a unit has no effect in `[Unit]`; in `[Install]` it makes enabling the
unit fail."""

_BOOLEANS = frozenset(("1", "yes", "y", "true", "t", "on", "0", "no", "n", "false", "f", "off"))
# Each part can be read in one way only (the + after a quantifier), or a long value would take for ever.
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
            message = f"systemd ignores the section [{header.name}] in a {kind[1:]} unit"
            near = KnownNames(sections).closest(header.name)
            yield UNKNOWN_SECTION.inside(
                embedded, header.span, message, f"perhaps [{near}] is meant" if near else ""
            )
    for setting in text.settings:
        if not setting.section:
            yield SETTING_OUTSIDE_SECTION.inside(embedded, setting.name_span)
        elif setting.section in _SETTINGS and setting.section not in ignored:
            found = _setting(text, setting, sections)
            if found:
                yield found


def sections_of(kind: str) -> tuple[str, ...]:
    """The sections that a type of unit has."""
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
    if name in unit_keys.BOOLEANS and value.lower() not in _BOOLEANS:
        return INVALID_BOOLEAN.inside(text.embedded, setting.value_span, f"{name} is yes or no")
    if name in unit_keys.TIMES and not _TIME.fullmatch(value):
        return INVALID_TIME_SPAN.inside(
            text.embedded, setting.value_span, f"{name} is no time span"
        )
    choices = _CHOICES.get((section, name))
    if choices and value not in choices:
        message = f"{name} cannot be {value}"
        hint = f"use one of: {', '.join(sorted(choices))}"
        return UNKNOWN_VALUE.inside(text.embedded, setting.value_span, message, hint)
    return _unit_list(text, setting) if name in _UNIT_LISTS else None


def _unknown(text: UnitText, setting: Setting, sections: tuple[str, ...]) -> Violation:
    name = setting.name
    span = setting.name_span
    others = [each for each in sections if name in _SETTINGS[each]]
    if others:
        message = f"{name} belongs to [{others[0]}], and is ignored in [{setting.section}]"
        return MISPLACED_SETTING.inside(text.embedded, span, message)
    near = _SETTINGS[setting.section].closest(name)
    if near:
        message = f"systemd does not know {name} in [{setting.section}]"
        return MISSPELT_SETTING.inside(text.embedded, span, message, f"perhaps {near} is meant")
    message = f"systemd does not know {name} in [{setting.section}], and ignores it"
    return UNKNOWN_SETTING.inside(text.embedded, span, message)


def _unit_list(text: UnitText, setting: Setting) -> Violation | None:
    start, end = setting.value_span
    written = text.embedded.text[start:end]
    if "\n" in written:
        return None
    for word in _WORD.finditer(written):
        if not _UNIT_NAME.fullmatch(word[0]):
            span = (start + word.start(), start + word.end())
            return INVALID_UNIT_NAME.inside(
                text.embedded, span, f"{word[0]} is not the name of a unit"
            )
    return None
