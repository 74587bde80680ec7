# SPDX-License-Identifier: Apache-2.0
"""The object types of one spec version, linked: what the reader, the merge and the writer walk along.

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
    shape     of the object, or of the items of a list; None for scalars and lists of strings
    plain     absent, null and the zero value are the same
    omit_zero left out of written configs when zero
    pointer   an object that differs from its empty self when absent
    appends   a list without keys: repeats are fine, a merge appends
    key       members that name an item, the first that is set counts; () is the item itself
    space     lists of one object with the same word share their keys
    removes_without  a child's item without this member removes the parent's in a merge
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
    """One object type. `members` are in walk order; `folded` finds them without regard to case."""

    __slots__ = ("folded", "members", "name")

    def __init__(self, name: str, members: list[Member]) -> None:
        self.name = name
        self.members = {member.name: member for member in members}
        self.folded = {fold(member.name): member for member in members}

    def find(self, key: str) -> Member | None:
        """The member that Go would fill from this key: the exact one, else by simple case folding."""
        return self.members.get(key) or self.folded.get(fold(key))


def fold(key: str) -> str:
    """Unicode simple folding as far as it can reach ASCII names: beside A-Z only the Kelvin sign (which
    `lower` knows) and the long s do."""
    return key.replace("\u017f", "s").lower()


_built: dict[str, Shape] = {}


def for_version(version: str) -> Shape:
    """The shape of a whole config of this version."""
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


# What the original reads before it knows the version.
VERSION_STUB = Shape(
    "Config",
    [
        Member(
            ("ignition", OBJECT, "Ignition", ""),
            Shape("Ignition", [Member(("version", STRING, "", "plain"), None)]),
        )
    ],
)
