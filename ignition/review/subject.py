# SPDX-License-Identifier: Apache-2.0
"""A rendered config under review: what it says, where it says so, and what a merge replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ignition.acquisition.sources import Part
from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.config import document, shapes
from ignition.config.merge import item_key
from ignition.config.model import Config

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ignition.acquisition.rendered import Rendered
    from ignition.config.shapes import Member

    Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Version:
    """What one of the merged configs says about a part of the whole.

    `owner` is the entry that the part belongs to, for example the file around its contents.
    """

    value: Any
    origin: Origin
    owner: Any


class Subject:
    """A config and the configs that it was merged from."""

    def __init__(self, rendered: Rendered) -> None:
        self.value = rendered.value
        self.config = Config(rendered.value)
        self._parts = rendered.parts
        self._texts = rendered.texts or {}
        self._documents: dict[str, document.Document | None] = {}
        self._places: dict[int, dict[Any, list[int]]] = {}
        self._by = {fetched.source: fetched.by for fetched in rendered.fetched}

    def versions(self, path: Path) -> list[Version]:
        """What the configs say about a part of the whole; about what is around it, if it does not exist.

        First the one that counts, then those that it replaced or joins, the strongest first.
        """
        found, owners, merged = self._follow(path)
        order = list(reversed(list(zip(found, owners, strict=True))))
        for index, (part, _) in enumerate(order):
            if not isinstance(merged, dict | list) and part.value == merged:
                order.insert(0, order.pop(index))
                break
        return [Version(part.value, self._origin(part), owner) for part, owner in order]

    def origin(self, path: Path) -> Origin:
        """Where a part of the whole is written."""
        versions = self.versions(path)
        return versions[0].origin if versions else Origin("config")

    def dropped(self, section: str, lists: tuple[str, ...], key: str) -> list[tuple[str, Origin]]:
        """The entries with a key in other lists of a section that the merge dropped: list and origin."""
        return [
            (name, self._origin(Part(part.source, f"/{section}/{name}/{index}", item)))
            for part in reversed(self._parts)
            for name in lists
            for index, item in enumerate(part.value.get(section, {}).get(name, ()))
            if isinstance(item, dict) and item.get("path") == key
        ]

    def chain(self, source: str) -> list[str]:
        """The configs that lead to a config, the nearest first."""
        found: list[str] = []
        while (source := self._by.get(source, "")) and source not in found:
            found.append(source)
        return found

    def _follow(self, path: Path) -> tuple[list[Part], list[Any], Any]:
        """The values of a part in all configs, strongest last; the items around them; the merged value."""
        shape = shapes.for_version(shapes.NEWEST)
        found = list(self._parts)
        owners: list[Any] = [None] * len(found)
        merged: Any = self.value
        member: Member | None = None
        for step in path:
            if isinstance(step, str) and step not in merged:
                break
            merged = merged[step]
            if isinstance(step, str):
                member = shape.members[step]
                shape = member.shape or shape
                kept = [
                    (Part(part.source, f"{part.pointer}/{step}", part.value[step]), owner)
                    for part, owner in zip(found, owners, strict=True)
                    if step in part.value
                ]
            else:
                assert member is not None
                kept = self._items(found, owners, member, step, merged)
            found = [part for part, _ in kept]
            owners = [owner for _, owner in kept]
        return found, owners, merged

    def _items(
        self, lists: list[Part], owners: list[Any], member: Member, index: int, merged: Any
    ) -> list[tuple[Part, Any]]:
        """The items of lists that an item of the merged list was made from, each with its owner."""
        pairs = [
            (
                Part(part.source, f"{part.pointer}/{number}", item),
                item if owner is None and isinstance(item, dict) else owner,
            )
            for part, owner in zip(lists, owners, strict=True)
            for number, item in self._candidates(part.value, member, merged)
        ]
        return pairs[index : index + 1] if member.appends else pairs

    def _candidates(
        self, items: list[Any], member: Member, merged: Any
    ) -> Iterable[tuple[int, Any]]:
        """The items with the key of a merged one, with their indexes; all items of a list without keys."""
        if member.appends:
            return enumerate(items)
        places = self._places.get(id(items))
        if places is None:
            places = self._places[id(items)] = {}
            for number, item in enumerate(items):
                places.setdefault(item_key(item, member), []).append(number)
        return ((number, items[number]) for number in places.get(item_key(merged, member), ()))

    def _origin(self, part: Part) -> Origin:
        origin = Origin(part.source, part.pointer)
        text = self._document(part.source)
        if text is not None:
            origin.line, origin.column = text.position(_split(part.pointer))
        return origin

    def _document(self, source: str) -> document.Document | None:
        if source not in self._documents:
            data = self._texts.get(source)
            try:
                self._documents[source] = document.parse(data, source) if data else None
            except Failure:
                self._documents[source] = None
        return self._documents[source]


def _split(pointer: str) -> Path:
    """The steps of a pointer into a config. No key of the spec contains ~ or /, or is a number."""
    return tuple(int(step) if step.isdigit() else step for step in pointer.split("/")[1:])
