# SPDX-License-Identifier: Apache-2.0
"""File modes: octal digits in a decimal field, and modes that defeat the purpose of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.lint import unit_text
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.lint.rule import Path, Violation
    from ignition.lint.subject import Subject

OCTAL_MODE = LintRule(
    "IGN1851",
    "decimal mode looks like octal",
    hint="convert the mode to decimal",
)
"""JSON has no octal numbers: `"mode": 644` is 01204, not 0644. Write 420 for 0644, 493 for 0755, 384 for
0600, 448 for 0700. (Butane accepts octal and converts it.)"""

WORLD_WRITABLE = LintRule(
    "IGN1852",
    "world-writable",
    hint="remove write permission for others (02)",
)
"""Any user can change what others read or execute. Directories with the sticky bit, such as 01777, are not
reported."""

DIRECTORY_NOT_SEARCHABLE = LintRule(
    "IGN1853",
    "directory without execute permission for its owner",
    hint="set the execute bits: 493 is 0755, 448 is 0700",
)
"""Without execute (search) permission nothing in the directory can be accessed."""

NOT_EXECUTABLE = LintRule(
    "IGN1854",
    "a unit executes this file, but it is not executable",
    hint="set mode to 493 (0755)",
)
"""The unit fails with `Permission denied` (203/EXEC). The default mode of a file is 0644."""

READABLE_CONNECTION_PROFILE = LintRule(
    "IGN1855",
    "NetworkManager ignores connection profiles that other users can read",
    hint="set mode to 384 (0600)",
)
"""Profiles may contain secrets, so NetworkManager skips those that are not private to root and logs a
warning."""

# Common octal modes. Read as decimal, none of them is a sensible mode.
_OCTAL_LOOKALIKES_WORDS = """
400 440 444 500 550 555 600 640 644 660 664 666 700 710 711 744 750 755 770 775 777
1755 1770 1775 1777 2750 2755 2770 2775 2777 4511 4555 4711 4750 4755
"""
_OCTAL_LOOKALIKES = frozenset(map(int, _OCTAL_LOOKALIKES_WORDS.split()))
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
    if mode in _OCTAL_LOOKALIKES:
        octal = int(str(mode), 8)
        message = f"decimal {mode} is octal 0{mode:o}"
        return OCTAL_MODE.at(where, message, f"write {octal} for mode 0{mode}")
    if mode & 0o002 and not mode & 0o1000:
        return WORLD_WRITABLE.at(where)
    if kind == "directories" and not mode & 0o100:
        return DIRECTORY_NOT_SEARCHABLE.at(where)
    return None


def _purpose(item: dict[str, Any], path: Path, run_by: dict[str, str]) -> Iterator[Violation]:
    """Modes that keep a file from doing its job."""
    name, mode = item.get("path", ""), item.get("mode", 0o644)
    where = (*path, "mode" if "mode" in item else "path")
    if name in run_by and not mode & 0o111:
        yield NOT_EXECUTABLE.at(where, f"{run_by[name]} executes {name}, which is not executable")
    if name.startswith(_PROFILES) and name.endswith(".nmconnection") and mode & 0o077:
        yield READABLE_CONNECTION_PROFILE.at(where)


def _programs(subject: Subject) -> dict[str, str]:
    """Path of a program -> the unit in the config that executes it."""
    found: dict[str, str] = {}
    for unit in unit_text.unit_files(subject):
        for text in unit.texts:
            for setting in text.settings:
                if setting.section == "Service" and setting.name.startswith("Exec"):
                    program = unit_text.split_command(setting.value)[0]
                    if program.startswith("/"):
                        found.setdefault(program, unit.name)
    return found
