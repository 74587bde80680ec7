# SPDX-License-Identifier: Apache-2.0
"""Rules that only lint knows, one module per theme.

Each module holds its rules as constants, with their documentation below them, and a function `check` that
applies them to a config.
"""

from __future__ import annotations

import importlib

from ignition.lint.made import QUADLET_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Found
    from ignition.lint.subject import Subject

_OF_DISKS = ("devices", "mounts")
_OF_NODES = ("paths", "modes", "enablement")
_OF_FILES = ("inline", "secrets", "bodies")
_OF_UNITS = ("shadowing", "unit_settings", "unit_commands", "unit_needs")
_OF_TREE = ("files", "directories", "links")
_OF_NUMBERS = ("disks", "raid", "luks")
_OF_STORAGE = ("disks", "raid", "luks", "filesystems")


def findings(subject: Subject) -> Iterator[Found]:
    """What the rules have to say about a config that could be read."""
    for theme in _themes(subject):
        module = importlib.import_module(f"{__name__}.{theme}")
        yield from module.check(subject)


def _themes(subject: Subject) -> list[str]:
    """The modules that have something to look at. The others are not even imported: a lint starts often."""
    storage = subject.value.get("storage", {})
    # The quick reader leaves nothing of this kind to be found, and no text to find it in.
    themes = ["json_text"] if subject.in_doubt else []
    if subject.platform:
        themes.append("size")
    themes += ["remote", "values"]
    if subject.value.get("passwd"):
        themes += ["accounts", "account_tools"]
    if any(storage.get(kind) for kind in _OF_STORAGE):
        themes += _OF_DISKS
    if subject.value.get("ignition", {}).get("timeouts") or any(map(storage.get, _OF_NUMBERS)):
        themes.append("numbers")
    if any(storage.get(kind) for kind in _OF_TREE):
        themes += _OF_NODES
    if (
        subject.files
        or subject.units
        or subject.key_files
        or subject.references
        or subject.authorities
    ):
        themes += _OF_FILES
    if subject.units or any(storage.get(kind) for kind in _OF_TREE):
        themes.append("tree")
    if storage.get("luks"):
        themes.append("unbuilt")
    unit_files = any("/systemd/system/" in file.where for file in subject.files)
    if subject.units or unit_files:
        themes += _OF_UNITS
    if any(QUADLET_FOLDER in file.where for file in subject.files):
        themes.append("quadlets")
    return themes
