# SPDX-License-Identifier: Apache-2.0
"""Converts a config to another spec version, or reports what the conversion would lose."""

from __future__ import annotations

from ignition.base import gojson
from ignition.base.finding import ERROR
from ignition.base.printable import printable_json
from ignition.config import rules, shapes, tables, translate
from ignition.config.rules.nodes import SPECIAL_BITS
from ignition.config.rules.rule import RuleFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.shapes import Shape

    Path = tuple[str | int, ...]
    Value = dict[str, Any]

LOST = "IGN1021"
# Ignition validates the advertisement of a Tang server in a 3.4.0 config, then drops it.
_DROPS_ADVERTISEMENT = "3.4.0"
NEWEST_STABLE = [version for version in shapes.VERSIONS if "-" not in version][-1]


def resolve_version(text: str) -> str | None:
    """The spec version for `3.4.0` or the short form `3.4`; None for an unknown version."""
    for version in shapes.VERSIONS:
        if text in (version, version.rpartition(".")[0]):
            return version
    return None


def convert(value: Value, version: str, target: str) -> tuple[Value, list[RuleFinding]]:
    """Converts `value` in place from `version` to `target`; also returns what would be lost or refused.

    The value is only valid if nothing is lost.
    """
    if version == target:
        return value, []
    losses = list(_lost_advertisements(value)) if _DROPS_ADVERTISEMENT in (version, target) else []
    value = translate.to_newest(value, version)
    losses += _without_counterpart(
        value, shapes.for_version(shapes.NEWEST), shapes.for_version(target), ()
    )
    _unset_empty(value, shapes.for_version(target))
    value["ignition"]["version"] = target
    if not losses:
        losses = [
            RuleFinding(found.code, ERROR, found.path, found.message, found.hint)
            for found in rules.findings(value, target)
            if _is_loss(found)
        ]
    return value, losses


def format_config(value: Value, version: str) -> str:
    """Formats a config for its author: members in the order of the spec, without unset ones."""
    return (
        printable_json(gojson.dumps_indent(_drop_unset(value, shapes.for_version(version)))) + "\n"
    )


def _lost_advertisements(value: Value) -> Iterator[RuleFinding]:
    """Advertisements of Tang servers, for a conversion from or to 3.4.0.

    Ignition drops them when it reads a 3.4.0 config and keeps them in newer specs, so the same text has a
    different meaning.
    """
    for index, volume in enumerate(value.get("storage", {}).get("luks", ())):
        for number, server in enumerate(volume.get("clevis", {}).get("tang", ())):
            if "advertisement" in server:
                yield RuleFinding(
                    LOST,
                    ERROR,
                    ("storage", "luks", index, "clevis", "tang", number, "advertisement"),
                    f"advertisement has no effect in spec {_DROPS_ADVERTISEMENT}, but has one in newer specs",
                    "convert without it, and put it back where it is meant to count",
                )


def _without_counterpart(
    value: Value, newest: Shape, shape: Shape, path: Path
) -> Iterator[RuleFinding]:
    """Members that are set in an object of the newest spec and do not exist in the older shape."""
    for name, item in value.items():
        member = shape.members.get(name)
        here = (*path, name)
        if member is None:
            if _is_set(item):
                hint = f"it needs spec {_since(name, newest.name)} or newer"
                yield RuleFinding(LOST, ERROR, here, f"{name} would be lost", hint)
        elif member.shape is not None:
            below = newest.members[name].shape
            assert below is not None
            if member.kind == shapes.OBJECT:
                yield from _without_counterpart(item, below, member.shape, here)
            else:
                for index, entry in enumerate(item):
                    yield from _without_counterpart(entry, below, member.shape, (*here, index))


def _unset_empty(value: Value, shape: Shape) -> None:
    """Removes empty objects, which mean "unset" in the newest spec but not always in older ones."""
    for name, member in shape.members.items():
        item = value.get(name)
        if not item or member.shape is None:
            if member.pointer and item is not None:
                del value[name]
        elif member.kind == shapes.OBJECT:
            _unset_empty(item, member.shape)
        else:
            for entry in item:
                _unset_empty(entry, member.shape)


def _is_set(item: object) -> bool:
    if isinstance(item, dict):
        return any(_is_set(below) for below in item.values())
    return item is not None and item != []


def _since(name: str, type_name: str) -> str:
    """The first version in which a type has this member."""
    return next(
        version
        for version, types in tables.VERSIONS.items()
        if any(row[0] == name for row in types.get(type_name, ()))
    )


def _is_loss(found: RuleFinding) -> bool:
    """Whether a finding on the converted config is a loss: the target refuses the member or ignores it."""
    return found.severity == ERROR or found.code == SPECIAL_BITS.code


def _drop_unset(value: Value, shape: Shape) -> Value:
    out: Value = {}
    for name, member in shape.members.items():
        item = value.get(name)
        if item is None or item == [] or (member.plain and not item):
            continue
        if member.shape is None:
            out[name] = item
        elif member.kind == shapes.OBJECT:
            below = _drop_unset(item, member.shape)
            if below or member.pointer:
                out[name] = below
        else:
            out[name] = [_drop_unset(entry, member.shape) for entry in item]
    return out
