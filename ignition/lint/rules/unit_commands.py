# SPDX-License-Identifier: Apache-2.0
"""Command lines of services."""

from __future__ import annotations

import re

from ignition.lint import unit_names, unit_text
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject
    from ignition.lint.unit_text import UnitFiles, UnitText

SERVICE_WITHOUT_COMMAND = LintRule(
    "IGN1921",
    "a service without a command: systemd refuses the unit",
    hint="add ExecStart=; a oneshot service may do with ExecStop= and RemainAfterExit=yes",
)
"""A service needs `ExecStart=`. Only of `Type=oneshot` may there be none, and then something must be left to
do: `ExecStop=` with `RemainAfterExit=yes`, or `SuccessAction=`. Drop-ins of the same config are taken into
account."""

MULTIPLE_EXEC_START = LintRule(
    "IGN1922",
    "more than one ExecStart=, which only Type=oneshot may have: systemd refuses the unit",
    hint="set Type=oneshot, use ExecStartPre=, or begin the drop-in with an empty ExecStart=",
)
"""A drop-in that is to replace the command of a unit first takes it back with an empty `ExecStart=`."""

RELATIVE_COMMAND = LintRule(
    "IGN1923",
    "the program must be a plain name or an absolute path",
    hint="write the program with its whole path",
)
"""systemd starts programs by their absolute path, or by a name without slashes that it looks for in its own
list of folders. There is no current folder, no `~`, and no variable in the name of the program. It refuses
the unit, or fails to start it."""

SHELL_SYNTAX = LintRule(
    "IGN1924",
    "systemd runs no shell: this word goes to the program as it is",
    hint="use /bin/sh -c '...', or settings such as StandardOutput= and ExecStartPost=",
)
"""Pipes, redirections and `&&` are the shell's. In a unit they are ordinary arguments of the program."""

ONESHOT_RESTART = LintRule(
    "IGN1925",
    "Type=oneshot cannot be restarted always or on success: systemd refuses the unit",
    hint="use Restart=on-failure, or another type",
)
"""A oneshot service that has done its work would be started again, and never be done."""

MISSING_BUS_NAME = LintRule(
    "IGN1930",
    "Type=dbus without BusName=: systemd refuses the unit",
    hint="add BusName=, or use another type",
)
"""Such a service counts as started when it has taken its name on the bus, so systemd must know the name."""

_COMMANDS_WORDS = """
ExecCondition ExecStartPre ExecStart ExecStartPost ExecReload ExecStop ExecStopPre ExecStopPost
"""
_COMMANDS = frozenset(_COMMANDS_WORDS.split())
_SHELL_OPERATORS = "| || && & > >> < << 2>&1 &> 2> 2>/dev/null >/dev/null"
_SHELL_WORDS = frozenset(_SHELL_OPERATORS.split())
_NO_PLAIN_NAME = re.compile(r"[/$~]")


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
        if not program.startswith(("/", "%")) and _NO_PLAIN_NAME.search(program):
            message = f"{program} is neither a plain name nor an absolute path"
            yield RELATIVE_COMMAND.inside(text.embedded, setting.value_span, message)
        shell = next((word for word in words if word in _SHELL_WORDS), "")
        if shell:
            message = f"systemd runs no shell: {shell} goes to {program} as it is"
            yield SHELL_SYNTAX.inside(text.embedded, setting.value_span, message)


def _service(unit: UnitFiles, *, complete: bool) -> Iterator[Violation]:
    commands = unit.values("Service", "ExecStart")
    said = kind = unit.last("Service", "Type")
    if not kind:
        kind = "dbus" if unit.last("Service", "BusName") else "simple" if commands else "oneshot"
    if unit.main is None:
        # The rest of the unit is the image's, and its command may be a oneshot's.
        return
    header = next((each for each in unit.main.headers if each.name == "Service"), None)
    span = header.span if header else (0, max(unit.main.embedded.text.find("\n"), 0))
    if complete and not commands and not _may_do_without(unit, kind):
        yield SERVICE_WITHOUT_COMMAND.inside(unit.main.embedded, span)
    if len(commands) > 1 and kind != "oneshot":
        for text in unit.texts:
            for setting in text.settings:
                if setting is commands[1]:
                    yield MULTIPLE_EXEC_START.inside(text.embedded, setting.name_span)
    if complete and said == "dbus" and not unit.last("Service", "BusName"):
        yield MISSING_BUS_NAME.inside(unit.main.embedded, span)
    restart = unit.values("Service", "Restart")
    if said == "oneshot" and restart and restart[-1].value in ("always", "on-success"):
        for text in unit.texts:
            if restart[-1] in text.settings:
                yield ONESHOT_RESTART.inside(text.embedded, restart[-1].value_span)


def _may_do_without(unit: UnitFiles, kind: str) -> bool:
    if kind != "oneshot":
        return False
    if unit.last("Unit", "SuccessAction") not in ("", "none"):
        return True
    stays = unit.last("Service", "RemainAfterExit").lower() in ("1", "yes", "y", "true", "t", "on")
    return stays and bool(unit.values("Service", "ExecStop"))
