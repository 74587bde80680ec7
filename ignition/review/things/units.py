# SPDX-License-Identifier: Apache-2.0
"""Units of a config, and the files and links that they become."""

from __future__ import annotations

from collections.abc import Iterator

from ignition.config.model import Dropin, Unit
from ignition.config.rules.paths import clean
from ignition.lint.inventory import UNIT_DIRECTORY
from ignition.review.subject import Subject
from ignition.review.things.contents import Contents, public_text, show
from ignition.review.things.thing import Fact, Path, Thing

PRESETS = "/etc/systemd/system-preset/20-ignition.preset"
_MODE = 0o644


def collect(subject: Subject) -> Iterator[Thing]:
    """Units with their drop-ins."""
    for index, unit in enumerate(subject.config.systemd.units):
        yield _unit(unit, ("systemd", "units", index))


def collect_made(subject: Subject) -> Iterator[Thing]:
    """The files and links in the unit directory, and the preset file."""
    presets: list[Fact] = []
    for index, unit in enumerate(subject.config.systemd.units):
        path: Path = ("systemd", "units", index)
        yield from _paths(unit, path)
        if unit.enabled is not None:
            line = f"{'enable' if unit.enabled else 'disable'} {unit.name}"
            presets.append(Fact("line", line, (*path, "enabled")))
    if presets:
        note = "a line that disables is only written for a unit that is enabled in the image"
        yield Thing(
            "preset file",
            PRESETS,
            presets[0].path or (),
            tuple(presets),
            made=True,
            notes=(note,) if any(fact.shown.startswith("disable") for fact in presets) else (),
        )


def _unit(unit: Unit, path: Path) -> Thing:
    facts: list[Fact] = []
    if unit.contents:
        facts.append(_text("contents", unit.contents, (*path, "contents")))
    for index, dropin in enumerate(unit.dropins):
        if dropin.contents is not None:
            there = (*path, "dropins", index, "contents")
            facts.append(_text(f"drop-in {dropin.name}", dropin.contents, there))
    if unit.enabled is not None:
        word = "yes" if unit.enabled else "no"
        facts.append(Fact("enabled", word, (*path, "enabled"), unit.enabled))
    if unit.mask is not None:
        facts.append(Fact("masked", "yes" if unit.mask else "no", (*path, "mask"), unit.mask))
    notes = ("it is masked: its contents are not written",) if unit.mask and unit.contents else ()
    compared = tuple(fact for fact in facts if not (unit.mask and fact.name == "contents"))
    return Thing(
        "unit",
        unit.name,
        path,
        tuple(facts),
        frozenset(f"{unit.name}.d/{dropin.name}" for dropin in unit.dropins),
        compared=compared,
        notes=notes,
    )


def _text(name: str, text: str, path: Path) -> Fact:
    contents = Contents(text.encode("utf-8", "surrogatepass"))
    shown = show(contents, _MODE)
    return Fact(name, shown, path, text, public_text(contents, _MODE))


def _paths(unit: Unit, path: Path) -> Iterator[Thing]:
    there = clean(f"{UNIT_DIRECTORY}{unit.name}")
    if unit.mask:
        target = Fact("target", "/dev/null", (*path, "mask"))
        yield Thing("mask", there, path, (target,), made=True)
    elif unit.contents:
        yield Thing("unit file", there, path, _file(unit.contents, path), made=True)
    for index, dropin in enumerate(unit.dropins):
        if dropin.contents is not None:
            yield _dropin(unit, dropin, (*path, "dropins", index))


def _dropin(unit: Unit, dropin: Dropin, path: Path) -> Thing:
    there = clean(f"{UNIT_DIRECTORY}{unit.name}.d/{dropin.name}")
    return Thing("drop-in", there, path, _file(dropin.contents or "", path), made=True)


def _file(text: str, path: Path) -> tuple[Fact, ...]:
    return (
        _text("contents", text, (*path, "contents")),
        Fact("mode", f"{_MODE:04o} (always)", None),
        Fact("owner", "root (always)", None),
    )
