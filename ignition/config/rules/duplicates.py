# SPDX-License-Identifier: Apache-2.0
"""Entries that name the same thing twice. All spec versions; which lists have keys is said by the schemas."""

from __future__ import annotations

from ignition.base.finding import MAX_FINDINGS
from ignition.config import shapes
from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
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


def check_duplicates(config: dict[str, Any], version: str) -> list[RuleFinding]:
    """Each entry whose key was seen before it in the same space, in walk order."""
    search = _Search()
    search.within(config, shapes.for_version(version), ())
    return search.found


class _Search:
    """One walk over a config. It makes no generators, since it comes by each of ten thousand files."""

    __slots__ = ("_members", "found")

    def __init__(self) -> None:
        self.found: list[RuleFinding] = []
        self._members: dict[Shape, tuple[list[Member], list[Member]]] = {}

    def within(self, value: dict[str, Any], shape: Shape, path: tuple[str | int, ...]) -> None:
        """First the object's own lists, then what is below it."""
        known = self._members.get(shape)
        if known is None:
            known = self._members[shape] = _keyed(shape), _leading_to_keys(shape)
        keyed, leading = known
        if keyed:
            self._repeats(value, keyed, path)
        for member in leading:
            below = value.get(member.name)
            if not below or member.shape is None:
                continue
            if member.kind == shapes.OBJECT:
                self.within(below, member.shape, (*path, member.name))
            else:
                for index, item in enumerate(below):
                    self.within(item, member.shape, (*path, member.name, index))

    def _repeats(
        self, value: dict[str, Any], members: list[Member], path: tuple[str | int, ...]
    ) -> None:
        spaces: dict[str, set[object]] = {}
        for member in members:
            if member.name not in value:
                continue
            seen = spaces.setdefault(member.space or member.name, set())
            for index, item in enumerate(value[member.name]):
                key = _key(item, member.key)
                if key in seen and len(self.found) <= MAX_FINDINGS:
                    self.found.append(DUPLICATE.at(*path, member.name, index))
                seen.add(key)


def _keyed(shape: Shape) -> list[Member]:
    return [
        member
        for member in shape.members.values()
        if member.kind == shapes.ARRAY and not member.appends
    ]


def _leading_to_keys(shape: Shape) -> list[Member]:
    return [
        member
        for member in shape.members.values()
        if member.shape and (_keyed(member.shape) or _leading_to_keys(member.shape))
    ]


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
