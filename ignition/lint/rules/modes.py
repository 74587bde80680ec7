# SPDX-License-Identifier: Apache-2.0
"""Permissions: modes in octal by habit, and modes that defeat the purpose of the file."""

from __future__ import annotations

from ignition.lint import unit_text
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

OCTAL_MODE = LintRule(
    "IGN1851",
    "a mode in decimal that looks as if octal was meant",
    hint="write the mode in decimal",
)
"""JSON has no octal numbers: `"mode": 644` is 01204, not 0644. Write 420 for 0644, 493 for 0755, 384 for
0600, 448 for 0700. (Butane takes octal, and does this for you.)"""

WORLD_WRITABLE = LintRule(
    "IGN1852",
    "everybody on the machine may write to this",
    hint="leave out the write permission of others (02)",
)
"""Files and folders that all users may write to let any of them change what others read or run. A folder
with the sticky bit, such as 01777, is not reported."""

DIRECTORY_NOT_SEARCHABLE = LintRule(
    "IGN1853",
    "a folder that its owner cannot enter",
    hint="give directories the execute bit: 493 is 0755, 448 is 0700",
)
"""Only the execute bit of a folder lets one reach what is in it."""

NOT_EXECUTABLE = LintRule(
    "IGN1854",
    "a unit runs this file, but it is not executable",
    hint="set mode to 493 (0755)",
)
"""The unit fails with `Permission denied` (203/EXEC). Files have mode 0644 unless the config says
otherwise."""

READABLE_CONNECTION_PROFILE = LintRule(
    "IGN1855",
    "NetworkManager ignores connection profiles that others may read",
    hint="set mode to 384 (0600)",
)
"""Profiles hold secrets, so those that are not for root alone are skipped, with a line in the journal."""

# As people write them; none of these, taken as decimal, is a mode that anyone would want.
_BY_HABIT_WORDS = """
400 440 444 500 550 555 600 640 644 660 664 666 700 710 711 744 750 755 770 775 777
1755 1770 1775 1777 2750 2755 2770 2775 2777 4511 4555 4711 4750 4755
"""
_BY_HABIT = frozenset(map(int, _BY_HABIT_WORDS.split()))
_PROFILES = "/etc/NetworkManager/system-connections/"


def check(subject: Subject) -> Iterator[Violation]:
    run_by = _programs(subject)
    for kind in ("directories", "files"):
        for item, path in subject.items("storage", kind):
            if "mode" in item:
                found = _mode(item["mode"], kind, path)
                if found:
                    yield found
                    continue
            if kind == "files":
                yield from _purpose(item, path, run_by)


def _mode(mode: int, kind: str, path: Path) -> Violation | None:
    where = (*path, "mode")
    if mode in _BY_HABIT:
        octal = int(str(mode), 8)
        message = f"{mode} in decimal is 0{mode:o} in octal"
        return OCTAL_MODE.at(where, message, f"write {octal} if 0{mode} is meant")
    if mode & 0o002 and not mode & 0o1000:
        return WORLD_WRITABLE.at(where)
    if kind == "directories" and not mode & 0o100:
        return DIRECTORY_NOT_SEARCHABLE.at(where)
    return None


def _purpose(item: dict[str, Any], path: Path, run_by: dict[str, str]) -> Iterator[Violation]:
    """Modes that defeat what the file is for."""
    name, mode = item.get("path", ""), item.get("mode", 0o644)
    where = (*path, "mode" if "mode" in item else "path")
    if name in run_by and not mode & 0o111:
        yield NOT_EXECUTABLE.at(where, f"{run_by[name]} runs {name}, but it is not executable")
    if name.startswith(_PROFILES) and name.endswith(".nmconnection") and mode & 0o077:
        yield READABLE_CONNECTION_PROFILE.at(where)


def _programs(subject: Subject) -> dict[str, str]:
    """Program -> the unit that runs it, of the units of this config."""
    found: dict[str, str] = {}
    for unit in unit_text.unit_files(subject):
        for text in unit.texts:
            for setting in text.settings:
                if setting.section == "Service" and setting.name.startswith("Exec"):
                    program = unit_text.split_command(setting.value)[0]
                    if program.startswith("/"):
                        found.setdefault(program, unit.name)
    return found
