# SPDX-License-Identifier: Apache-2.0
"""The object types of a spec version as linked descriptors, for decoding, merging and writing configs.

Built from `tables` on first use; a phase that only reads the cache never needs them.
"""

from __future__ import annotations

from ignition.config import tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NEWEST = tables.NEWEST
VERSIONS = tuple(tables.VERSIONS)

STRING, INTEGER, BOOLEAN, OBJECT, ARRAY = "string", "integer", "boolean", "object", "array"


class Member:
    """One member of an object type.

    kind      one of STRING, INTEGER, BOOLEAN, OBJECT, ARRAY
    shape     the type of the object or of the list's items; None for scalars and lists of strings
    plain     absent, null and the zero value are equivalent
    omit_zero not written if zero
    pointer   an absent object differs from an empty one
    appends   a list without keys: duplicates are allowed, and a merge appends
    key       the members that identify an item, the first one that is set counts; () for the item itself
    space     name of the key space; lists of one object with the same name share their keys
    removes_without  in a merge, a child's item without this member removes the parent's item
    """

    __slots__ = (
        "appends",
        "key",
        "kind",
        "name",
        "omit_zero",
        "plain",
        "pointer",
        "removes_without",
        "shape",
        "space",
    )

    def __init__(self, row: tuple[Any, ...], shape: Shape | None) -> None:
        flags = row[3]
        self.name: str = row[0]
        self.kind: str = row[1]
        self.shape = shape
        self.plain = flags[:5] == "plain"
        self.omit_zero = flags == "plain omit-zero"
        self.pointer = flags == "pointer"
        self.appends = flags == "appends"
        self.key: tuple[str, ...]
        self.space: str
        self.removes_without: str
        self.key, self.space, self.removes_without = row[4:] or ((), "", "")


class Shape:
    """An object type. `members` are in walk order; `folded` is for case-insensitive lookup."""

    __slots__ = ("folded", "members", "name")

    def __init__(self, name: str, members: list[Member]) -> None:
        self.name = name
        self.members = {member.name: member for member in members}
        self.folded = {fold(member.name): member for member in members}

    def find(self, key: str) -> Member | None:
        """The member into which Go decodes a key: an exact match, else one by simple case folding."""
        return self.members.get(key) or self.folded.get(fold(key))


def fold(key: str) -> str:
    """Unicode simple case folding for ASCII names. Besides A-Z only two characters fold to ASCII: the Kelvin
    sign, which `lower` handles, and the long s."""
    return key.replace("\u017f", "s").lower()


_built: dict[str, Shape] = {}


def for_version(version: str) -> Shape:
    """The type of a whole config in a spec version."""
    shape = _built.get(version)
    if shape is None:
        shape = _built[version] = _build(tables.VERSIONS[version], "Config", {})
    return shape


def _build(rows: dict[str, tuple[Any, ...]], name: str, done: dict[str, Shape]) -> Shape:
    shape = done.get(name)
    if shape is None:
        members = [
            Member(row, _build(rows, row[2], done) if row[2] else None) for row in rows[name]
        ]
        shape = done[name] = Shape(name, members)
    return shape


# The part of a config that is decoded before the version is known.
VERSION_STUB = Shape(
    "Config",
    [
        Member(
            ("ignition", OBJECT, "Ignition", ""),
            Shape("Ignition", [Member(("version", STRING, "", "plain"), None)]),
        )
    ],
)
