# SPDX-License-Identifier: Apache-2.0
"""The rules of lint, one module per topic.

Each module defines its rules as constants, each followed by its documentation, and a function `check` that
yields the violations of a config.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ignition.lint.inventory import QUADLET_PATH_PART

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

_DISKS = ("devices", "mounts")
_NODES = ("paths", "modes", "enablement")
_FILES = ("inline", "secrets", "file_syntax")
_UNITS = ("shadowing", "unit_settings", "unit_commands", "unit_requirements")
_NODE_KINDS = ("files", "directories", "links")
_NUMBER_KINDS = ("disks", "raid", "luks")
_DISK_KINDS = ("disks", "raid", "luks", "filesystems")


def violations(subject: Subject) -> Iterator[Violation]:
    """All violations of a config that could be parsed."""
    for name in _modules_for(subject):
        module = importlib.import_module(f"{__name__}.{name}")
        yield from module.check(subject)


def _modules_for(subject: Subject) -> list[str]:
    """The modules that apply to a config. Not importing the others keeps lint of a small config fast."""
    storage = subject.value.get("storage", {})
    # The fast reader rejects everything that json_text reports, so only the exact reader needs it.
    modules = ["json_text"] if subject.in_doubt else []
    if subject.platform:
        modules.append("size")
    modules += ["remote", "values"]
    if subject.value.get("passwd"):
        modules += ["accounts", "account_tools"]
    if any(storage.get(kind) for kind in _DISK_KINDS):
        modules += _DISKS
    if subject.value.get("ignition", {}).get("timeouts") or any(map(storage.get, _NUMBER_KINDS)):
        modules.append("numbers")
    if any(storage.get(kind) for kind in _NODE_KINDS):
        modules += _NODES
    if (
        subject.files
        or subject.units
        or subject.key_files
        or subject.references
        or subject.authorities
    ):
        modules += _FILES
    if subject.units or any(storage.get(kind) for kind in _NODE_KINDS):
        modules.append("tree")
    if storage.get("luks"):
        modules.append("volumes")
    if storage.get("luks") or storage.get("raid"):
        modules.append("device_order")
    unit_files = any("/systemd/system/" in file.target for file in subject.files)
    if subject.units or unit_files:
        modules += _UNITS
    if any(QUADLET_PATH_PART in file.target for file in subject.files):
        modules.append("quadlets")
    return modules
