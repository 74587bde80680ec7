# SPDX-License-Identifier: Apache-2.0
"""Merging one config over another (docs/behaviour/config.md), both canonical values of the newest spec."""

from __future__ import annotations

from ignition.config import shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.config.shapes import Member, Shape

    Value = dict[str, Any]


def merge(parent: Value, child: Value) -> Value:
    """Merges `child` over `parent`. Neither is modified, but the result shares objects with both."""
    return _merge_objects(parent, child, shapes.for_version(shapes.NEWEST))


def _merge_objects(parent: Value, child: Value, shape: Shape) -> Value:
    if not _is_set(child, shape):
        return parent
    if not _is_set(parent, shape):
        return child
    merged: Value = {}
    for name, member in shape.members.items():
        if member.kind == shapes.OBJECT:
            assert member.shape is not None
            if name in parent or name in child:
                merged[name] = _merge_objects(
                    parent.get(name, {}), child.get(name, {}), member.shape
                )
        elif member.kind == shapes.ARRAY:
            items = _merge_lists(parent, child, member, shape)
            if items:
                merged[name] = items
        elif name in child:
            merged[name] = child[name]
        elif name in parent and not member.plain:
            merged[name] = parent[name]
    return merged


def _is_set(value: Value, shape: Shape) -> bool:
    """Whether the object differs from an absent one."""
    for name, item in value.items():
        member = shape.members[name]
        if member.kind == shapes.OBJECT:
            assert member.shape is not None
            if _is_set(item, member.shape):
                return True
        elif not member.plain or item:
            return True
    return False


def _merge_lists(parent: Value, child: Value, member: Member, shape: Shape) -> list[Any]:
    """Items keep the order of the parent; items that only the child has come last."""
    parents, children = parent.get(member.name, []), child.get(member.name, [])
    if member.appends:
        return [*parents, *children]
    if not parents or not (children or member.space):
        return [*parents, *children]
    by_key = {item_key(item, member): item for item in children}
    elsewhere = _sibling_keys(child, member, shape)
    merged = []
    parent_keys = set()
    for item in parents:
        key = item_key(item, member)
        parent_keys.add(key)
        if key in by_key:
            other = by_key[key]
            if member.shape is None:
                merged.append(other)
            elif not member.removes_without or member.removes_without in other:
                merged.append(_merge_objects(item, other, member.shape))
        elif key not in elsewhere:
            merged.append(item)
    merged.extend(item for item in children if item_key(item, member) not in parent_keys)
    return merged


def _sibling_keys(value: Value, member: Member, shape: Shape) -> set[Any]:
    """The keys of the sibling lists in the same key space."""
    if not member.space:
        return set()
    return {
        item_key(item, other)
        for other in shape.members.values()
        if other.space == member.space and other is not member
        for item in value.get(other.name, ())
    }


def item_key(item: Any, member: Member) -> Any:
    """The key of a list item: the item itself, its key member, or the first of several key members that is
    set."""
    if member.shape is None:
        return item
    if len(member.key) == 1:
        return item.get(member.key[0], "")
    for name in member.key:
        found = item.get(name)
        if found or (found is not None and not member.shape.members[name].plain):
            return name, found
    return ""
