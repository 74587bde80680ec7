# SPDX-License-Identifier: Apache-2.0
"""A config in another spec version: authors keep what they wrote, or hear what they would lose."""

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
# What a 3.4.0 config says about the advertisement of Tang servers is checked, then dropped.
_FORGETFUL = "3.4.0"
NEWEST_STABLE = [version for version in shapes.VERSIONS if "-" not in version][-1]


def resolve_version(text: str) -> str | None:
    """The spec version that an author means: `3.4.0`, or `3.4` for short. None if it is none of ours."""
    for version in shapes.VERSIONS:
        if text in (version, version.rpartition(".")[0]):
            return version
    return None


def convert(value: Value, version: str, target: str) -> tuple[Value, list[RuleFinding]]:
    """The config `value` of `version` as `target` has it, and what would be lost or refused there.

    With losses the value must not be used. Changes `value` itself.
    """
    if version == target:
        return value, []
    losses = list(_forgotten(value)) if _FORGETFUL in (version, target) else []
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
            if _counts(found)
        ]
    return value, losses


def format_config(value: Value, version: str) -> str:
    """A config as its author would write it: members in the order of the spec, only what is set."""
    return printable_json(gojson.dumps_indent(_tidy(value, shapes.for_version(version)))) + "\n"


def _forgotten(value: Value) -> Iterator[RuleFinding]:
    """Advertisements of Tang servers, when a conversion starts or ends at 3.4.0.

    The engine drops those of 3.4.0 when it reads them, and keeps those of newer specs:
    the same text means another thing.
    """
    for index, volume in enumerate(value.get("storage", {}).get("luks", ())):
        for number, server in enumerate(volume.get("clevis", {}).get("tang", ())):
            if "advertisement" in server:
                yield RuleFinding(
                    LOST,
                    ERROR,
                    ("storage", "luks", index, "clevis", "tang", number, "advertisement"),
                    f"advertisement has no effect in spec {_FORGETFUL}, but has one in newer specs",
                    "convert without it, and put it back where it is meant to count",
                )


def _without_counterpart(
    value: Value, newest: Shape, shape: Shape, path: Path
) -> Iterator[RuleFinding]:
    """What is set in an object of the newest spec and has no member in an older shape of its type."""
    for name, item in value.items():
        member = shape.members.get(name)
        here = (*path, name)
        if member is None:
            if _says_something(item):
                hint = f"only specs from {_since(name, newest.name)} on have it"
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
    """Takes objects out that are empty: in the newest spec that means unset, in old ones it may not."""
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


def _says_something(item: object) -> bool:
    if isinstance(item, dict):
        return any(_says_something(below) for below in item.values())
    return item is not None and item != []


def _since(name: str, type_name: str) -> str:
    """The first version that has a member in a type, which old ones may call otherwise."""
    return next(
        version
        for version, types in tables.VERSIONS.items()
        if any(row[0] == name for row in types.get(type_name, ()))
    )


def _counts(found: RuleFinding) -> bool:
    """Whether a finding on the converted config means a loss: refused there, or without its effect."""
    return found.severity == ERROR or found.code == SPECIAL_BITS.code


def _tidy(value: Value, shape: Shape) -> Value:
    out: Value = {}
    for name, member in shape.members.items():
        item = value.get(name)
        if item is None or item == [] or (member.plain and not item):
            continue
        if member.shape is None:
            out[name] = item
        elif member.kind == shapes.OBJECT:
            below = _tidy(item, member.shape)
            if below or member.pointer:
                out[name] = below
        else:
            out[name] = [_tidy(entry, member.shape) for entry in item]
    return out
