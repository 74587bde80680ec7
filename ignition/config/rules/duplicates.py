# SPDX-License-Identifier: Apache-2.0
"""Duplicate entries of lists. All spec versions; the schemas define the keys of each list."""

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
    hint="combine the entries into one",
)
"""A key identifies an entry of a list, and with two entries of one key it would be undefined which one wins.
Files, directories and links share the key space of paths, and shouldExist and shouldNotExist share that of
kernel arguments. Keys are compared literally. Options of programs and appended parts of files have no key."""


def check_duplicates(config: dict[str, Any], version: str) -> list[RuleFinding]:
    """Entries whose key occurred earlier in the same key space, in walk order."""
    search = _Search()
    search.walk(config, shapes.for_version(version), ())
    return search.found


class _Search:
    """Walks over a config. Uses no generators, which would be slow for ten thousand files."""

    __slots__ = ("_members", "found")

    def __init__(self) -> None:
        self.found: list[RuleFinding] = []
        self._members: dict[Shape, tuple[list[Member], list[Member]]] = {}

    def walk(self, value: dict[str, Any], shape: Shape, path: tuple[str | int, ...]) -> None:
        """Checks the object's own lists, then its children."""
        known = self._members.get(shape)
        if known is None:
            known = self._members[shape] = _keyed(shape), _containing_keyed(shape)
        keyed, containers = known
        if keyed:
            self._find_repeats(value, keyed, path)
        for member in containers:
            below = value.get(member.name)
            if not below or member.shape is None:
                continue
            if member.kind == shapes.OBJECT:
                self.walk(below, member.shape, (*path, member.name))
            else:
                for index, item in enumerate(below):
                    self.walk(item, member.shape, (*path, member.name, index))

    def _find_repeats(
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


def _containing_keyed(shape: Shape) -> list[Member]:
    return [
        member
        for member in shape.members.values()
        if member.shape and (_keyed(member.shape) or _containing_keyed(member.shape))
    ]


def _key(item: Any, names: tuple[str, ...]) -> object:
    """The key of an item: the item itself, or the first of the key members that is set."""
    if not names:
        return item
    if len(names) == 1:
        return item.get(names[0], "")
    for name in names:
        # Partition number 0 means "any" and is not a key; an empty label is one.
        if name in item and item[name] != 0:
            return name, item[name]
    return ""
