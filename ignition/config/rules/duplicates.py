# SPDX-License-Identifier: Apache-2.0
"""Entries that name the same thing twice. All spec versions; which lists have keys is said by the schemas."""

from __future__ import annotations

from ignition.config import shapes
from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding
    from ignition.config.shapes import Member, Shape

DUPLICATE = Rule(
    "IGN1121",
    "duplicate entry defined",
    hint="keep one of the entries, with the members of both",
)
"""Entries of a list are told apart by their key; of two with the same one, neither could be said to win.
Files, directories and links share their paths, and kernel arguments are in one list or the other. Keys are
compared as they are written. Options of programs and appended parts of files have no key."""


def duplicates(config: dict[str, Any], version: str) -> Iterator[RuleFinding]:
    """Each entry whose key was seen before it in the same space, in walk order."""
    return _within(config, shapes.of(version), {})


def _within(
    value: dict[str, Any], shape: Shape, relevant: dict[Shape, list[Member]]
) -> Iterator[RuleFinding]:
    members = relevant.get(shape)
    if members is None:
        members = relevant[shape] = [each for each in shape.members.values() if _has_keys(each)]
    yield from _repeats(value, members)
    for member in members:
        if member.shape is None or member.name not in value:
            continue
        below = value[member.name]
        if member.kind == shapes.OBJECT:
            for finding in _within(below, member.shape, relevant):
                yield finding.under(member.name)
            continue
        for index, item in enumerate(below):
            for finding in _within(item, member.shape, relevant):
                yield finding.under(member.name, index)


def _has_keys(member: Member) -> bool:
    """Whether there is a list with keys at or below a member."""
    if member.kind == shapes.ARRAY and not member.appends:
        return True
    return member.shape is not None and any(map(_has_keys, member.shape.members.values()))


def _repeats(value: dict[str, Any], members: list[Member]) -> Iterator[RuleFinding]:
    spaces: dict[str, set[object]] = {}
    for member in members:
        if member.kind != shapes.ARRAY or member.appends or member.name not in value:
            continue
        seen = spaces.setdefault(member.space, set()) if member.space else set()
        for index, item in enumerate(value[member.name]):
            key = _key(item, member.key)
            if key in seen:
                yield DUPLICATE.at(member.name, index)
            seen.add(key)


def _key(item: Any, names: tuple[str, ...]) -> object:
    """What an item is told apart by: itself, or the first of the named members that is set."""
    if not names:
        return item
    if len(names) == 1:
        return item.get(names[0], "")
    for name in names:
        # A number of 0 asks for any number and names nothing; an empty label is a label.
        if name in item and item[name] != 0:
            return name, item[name]
    return ""
