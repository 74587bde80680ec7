# SPDX-License-Identifier: Apache-2.0
"""Command lines and types of services."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ignition.lint import unit_names, unit_text
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject
    from ignition.lint.unit_text import UnitFiles, UnitText

SERVICE_WITHOUT_COMMAND = LintRule(
    "IGN1921",
    "service has no command: systemd refuses to load the unit",
    hint="add ExecStart=; Type=oneshot also accepts ExecStop= with RemainAfterExit=yes",
)
"""A service needs `ExecStart=`, except for `Type=oneshot` with either `ExecStop=` and `RemainAfterExit=yes`,
or `SuccessAction=`. Drop-ins in the same config are taken into account."""

MULTIPLE_EXEC_START = LintRule(
    "IGN1922",
    "more than one ExecStart= without Type=oneshot: systemd refuses to load the unit",
    hint="set Type=oneshot, use ExecStartPre=, or reset the list with an empty ExecStart= in the drop-in",
)
"""To replace the command of a unit, a drop-in must first reset it with an empty `ExecStart=`."""

RELATIVE_COMMAND = LintRule(
    "IGN1923",
    "program is neither an absolute path nor a plain file name",
    hint="use the absolute path of the program",
)
"""systemd executes absolute paths, and file names without slashes, which it looks up in a fixed search path.
Relative paths, `~` and variables are not supported: systemd refuses to load the unit or fails to start it."""

SHELL_SYNTAX = LintRule(
    "IGN1924",
    "systemd does not use a shell: this is passed to the program as an argument",
    hint="use /bin/sh -c '...', or settings such as StandardOutput= and ExecStartPost=",
)
"""Pipes, redirections and `&&` are shell syntax. In a unit they are ordinary arguments."""

ONESHOT_RESTART = LintRule(
    "IGN1925",
    "Type=oneshot does not allow Restart=always or on-success: systemd refuses to load the unit",
    hint="use Restart=on-failure, or another Type=",
)
"""A oneshot service exits when its work is done, so it would be restarted forever."""

MISSING_BUS_NAME = LintRule(
    "IGN1930",
    "Type=dbus without BusName=: systemd refuses to load the unit",
    hint="add BusName=, or use another Type=",
)
"""systemd considers such a service started when it has acquired its bus name, so the name must be known."""

_COMMANDS_WORDS = """
ExecCondition ExecStartPre ExecStart ExecStartPost ExecReload ExecStop ExecStopPre ExecStopPost
"""
_COMMANDS = frozenset(_COMMANDS_WORDS.split())
_SHELL_OPERATORS = "| || && & > >> < << 2>&1 &> 2> 2>/dev/null >/dev/null"
_SHELL_WORDS = frozenset(_SHELL_OPERATORS.split())
_NOT_A_FILE_NAME = re.compile(r"[/$~]")


def check(subject: Subject) -> Iterator[Violation]:
    for unit in unit_text.unit_files(subject):
        for text in unit.texts:
            yield from _programs(text)
        if unit.kind == unit_names.SERVICE:
            yield from _service(unit, complete=subject.defines_whole_unit(unit.name))


def _programs(text: UnitText) -> Iterator[Violation]:
    for setting in text.settings:
        if setting.name not in _COMMANDS or not setting.value:
            continue
        program, words = unit_text.split_command(setting.value)
        if not program.startswith(("/", "%")) and _NOT_A_FILE_NAME.search(program):
            message = f"{program} is neither an absolute path nor a plain file name"
            yield RELATIVE_COMMAND.inside(text.embedded, setting.value_span, message)
        shell = next((word for word in words if word in _SHELL_WORDS), "")
        if shell:
            message = f"systemd does not use a shell: {shell} is passed to {program} as an argument"
            yield SHELL_SYNTAX.inside(text.embedded, setting.value_span, message)


def _service(unit: UnitFiles, *, complete: bool) -> Iterator[Violation]:
    commands = unit.values("Service", "ExecStart")
    explicit = kind = unit.last("Service", "Type")
    if not kind:
        kind = "dbus" if unit.last("Service", "BusName") else "simple" if commands else "oneshot"
    if unit.main is None:
        # The image has the rest of the unit, which may set Type=oneshot.
        return
    header = next((each for each in unit.main.headers if each.name == "Service"), None)
    span = header.span if header else (0, max(unit.main.embedded.text.find("\n"), 0))
    if complete and not commands and not _needs_no_exec_start(unit, kind):
        yield SERVICE_WITHOUT_COMMAND.inside(unit.main.embedded, span)
    if len(commands) > 1 and kind != "oneshot":
        for text in unit.texts:
            for setting in text.settings:
                if setting is commands[1]:
                    yield MULTIPLE_EXEC_START.inside(text.embedded, setting.name_span)
    if complete and explicit == "dbus" and not unit.last("Service", "BusName"):
        yield MISSING_BUS_NAME.inside(unit.main.embedded, span)
    restart = unit.values("Service", "Restart")
    if explicit == "oneshot" and restart and restart[-1].value in ("always", "on-success"):
        for text in unit.texts:
            if restart[-1] in text.settings:
                yield ONESHOT_RESTART.inside(text.embedded, restart[-1].value_span)


def _needs_no_exec_start(unit: UnitFiles, kind: str) -> bool:
    if kind != "oneshot":
        return False
    if unit.last("Unit", "SuccessAction") not in ("", "none"):
        return True
    return unit_text.is_true(unit.last("Service", "RemainAfterExit")) and bool(
        unit.values("Service", "ExecStop")
    )
