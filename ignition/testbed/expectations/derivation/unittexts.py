# SPDX-License-Identifier: Apache-2.0
"""The texts of a unit in a config, as systemd reads them together."""

from __future__ import annotations

from ignition.config.model import Unit
from ignition.lint.embedded import Embedded
from ignition.lint.unit_text import UnitFiles, UnitText


def unit_files(unit: Unit) -> UnitFiles:
    """A unit with its drop-ins in the order in which systemd reads them."""
    files = UnitFiles(unit.name)
    if unit.contents:
        files.main = UnitText(Embedded(unit.name, (), unit.contents))
    for dropin in sorted(unit.dropins, key=lambda entry: entry.name):
        files.dropins.append(UnitText(Embedded(dropin.name, (), dropin.contents or "")))
    return files
