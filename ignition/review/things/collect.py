# SPDX-License-Identifier: Apache-2.0
"""Everything that a config gives to a machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ignition.base.settings import Settings
from ignition.review.subject import Subject
from ignition.review.things import accounts, disks, files, machine, units
from ignition.review.things.thing import Fact, Thing

_SECTIONS = (disks, accounts, files, units, machine)
_CHILDREN_SHOWN = 3


def collect(subject: Subject) -> list[Thing]:
    """The things that the config asks for."""
    return [thing for section in _SECTIONS for thing in section.collect(subject)]


def collect_made(subject: Subject) -> list[Thing]:
    """What follows from these: files of units and accounts, mount points, the result file."""
    made = [
        thing for section in (disks, accounts, units) for thing in section.collect_made(subject)
    ]
    result = Settings().result_file
    note = "the record of the run; the mark that provisioning is complete"
    made.append(Thing("result file", result, (), made=True, notes=(note,)))
    return made


def parents(things: list[Thing]) -> Iterator[Thing]:
    """The directories above these paths that have no entry: made if the image has none."""
    paths = {thing.name for thing in things}
    children: dict[str, list[Thing]] = {}
    for thing in things:
        above = thing.name
        while above := above.rpartition("/")[0]:
            if above in paths:
                break
            children.setdefault(above, []).append(thing)
    for path, below in children.items():
        facts = [Fact("for", each.name, each.path or None) for each in below[:_CHILDREN_SHOWN]]
        more = len(below) - len(facts)
        notes = ["made with mode 0755 if the image has no such directory"]
        notes += [f"and for {more} more paths"] if more else []
        thing = Thing("parent directory", path, (), tuple(facts), made=True)
        yield replace(thing, notes=tuple(notes))
