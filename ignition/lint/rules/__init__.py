# SPDX-License-Identifier: Apache-2.0
"""Rules that only lint knows, one module per theme.

Each module holds its rules as constants, with their documentation below them, and a function `check` that
applies them to a config.
"""

from __future__ import annotations

import importlib

from ignition.lint.inventory import QUADLET_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

_OF_DISKS = ("devices", "mounts")
_OF_NODES = ("paths", "modes", "enablement")
_OF_FILES = ("inline", "secrets", "file_syntax")
_OF_UNITS = ("shadowing", "unit_settings", "unit_commands", "unit_requirements")
_OF_TREE = ("files", "directories", "links")
_OF_NUMBERS = ("disks", "raid", "luks")
_OF_STORAGE = ("disks", "raid", "luks", "filesystems")


def violations(subject: Subject) -> Iterator[Violation]:
    """What the rules have to say about a config that could be read."""
    for name in _modules_for(subject):
        module = importlib.import_module(f"{__name__}.{name}")
        yield from module.check(subject)


def _modules_for(subject: Subject) -> list[str]:
    """The modules that have something to look at. The others are not even imported: a lint starts often."""
    storage = subject.value.get("storage", {})
    # The quick reader leaves nothing of this kind to be found, and no text to find it in.
    modules = ["json_text"] if subject.in_doubt else []
    if subject.platform:
        modules.append("size")
    modules += ["remote", "values"]
    if subject.value.get("passwd"):
        modules += ["accounts", "account_tools"]
    if any(storage.get(kind) for kind in _OF_STORAGE):
        modules += _OF_DISKS
    if subject.value.get("ignition", {}).get("timeouts") or any(map(storage.get, _OF_NUMBERS)):
        modules.append("numbers")
    if any(storage.get(kind) for kind in _OF_TREE):
        modules += _OF_NODES
    if (
        subject.files
        or subject.units
        or subject.key_files
        or subject.references
        or subject.authorities
    ):
        modules += _OF_FILES
    if subject.units or any(storage.get(kind) for kind in _OF_TREE):
        modules.append("tree")
    if storage.get("luks"):
        modules.append("unsupported")
    unit_files = any("/systemd/system/" in file.target for file in subject.files)
    if subject.units or unit_files:
        modules += _OF_UNITS
    if any(QUADLET_FOLDER in file.target for file in subject.files):
        modules.append("quadlets")
    return modules
