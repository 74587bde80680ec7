# SPDX-License-Identifier: Apache-2.0
"""Builds the table of `origins` while the configs of a merge are still at hand.

A part gets an entry only if the entry above it would give the wrong origin.
"""

from __future__ import annotations

from ignition.acquisition.sources import Part
from ignition.config import shapes
from ignition.config.merge import item_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.acquisition.origins import Table
    from ignition.config.shapes import Member, Shape


def build(merged: dict[str, Any], parts: list[Part]) -> Table:
    """The table of a config that was merged from `parts`, the strongest last."""
    table: Table = {"": [parts[-1].source, ""]}
    if len(parts) > 1:
        _add_object(table, "", merged, parts, shapes.for_version(shapes.NEWEST))
    return table


def _add_object(
    table: Table, here: str, merged: dict[str, Any], parts: list[Part], shape: Shape
) -> None:
    """Adds entries for the members of a merged object; the object itself comes from `parts[-1]`."""
    if len(parts) == 1:
        return
    above = parts[-1]
    for name, value in merged.items():
        member = shape.members[name]
        inside = [
            Part(part.source, f"{part.pointer}/{name}", part.value[name])
            for part in parts
            if name in part.value
        ]
        if not inside:
            continue
        expected = Part(above.source, f"{above.pointer}/{name}", None)
        path = f"{here}/{name}"
        _add(table, path, inside[-1], expected)
        if member.kind == shapes.OBJECT and member.shape is not None:
            _add_object(table, path, value, inside, member.shape)
        elif member.kind == shapes.ARRAY:
            _add_list(table, path, value, inside, member)


def _add_list(
    table: Table, here: str, merged: list[Any], parts: list[Part], member: Member
) -> None:
    above = parts[-1]
    if member.appends:
        items = [[item] for part in parts for item in _items(part)]
    else:
        by_key: dict[Any, list[Part]] = {}
        for part in parts:
            for item in _items(part):
                by_key.setdefault(item_key(item.value, member), []).append(item)
        items = [by_key.get(item_key(item, member), []) for item in merged]
    for index, (value, inside) in enumerate(zip(merged, items, strict=False)):
        if not inside:
            continue
        expected = Part(above.source, f"{above.pointer}/{index}", None)
        _add(table, f"{here}/{index}", inside[-1], expected)
        if member.shape is not None:
            _add_object(table, f"{here}/{index}", value, inside, member.shape)


def _items(part: Part) -> list[Part]:
    return [
        Part(part.source, f"{part.pointer}/{index}", value)
        for index, value in enumerate(part.value)
    ]


def _add(table: Table, here: str, origin: Part, expected: Part) -> None:
    if (origin.source, origin.pointer) != (expected.source, expected.pointer):
        table[here] = [origin.source, origin.pointer]
