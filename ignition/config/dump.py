# SPDX-License-Identifier: Apache-2.0
"""Writes configs as Ignition writes its cache, byte for byte (docs/behaviour/config.md)."""

from __future__ import annotations

from ignition.base import gojson
from ignition.config import shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.config.shapes import Shape

    Value = dict[str, Any]


def cache_text(value: Value) -> str:
    """The content of the config cache: compact JSON without a trailing newline."""
    return gojson.dumps(_for_output(value, shapes.for_version(shapes.NEWEST)))


def pretty(value: Value) -> str:
    """The same, indented."""
    return gojson.dumps_indent(_for_output(value, shapes.for_version(shapes.NEWEST)))


def empty() -> Value:
    """An empty config."""
    return {"ignition": {"version": shapes.NEWEST}}


def _for_output(value: Value, shape: Shape) -> Value:
    """The members in the order of the spec. Objects and plain members are always present, others if set."""
    out: Value = {}
    for name, member in shape.members.items():
        item = value.get(name)
        kind, below = member.kind, member.shape
        if item:
            if below is None:
                out[name] = item
            elif kind == shapes.OBJECT:
                out[name] = _for_output(item, below)
            else:
                out[name] = [_for_output(entry, below) for entry in item]
        elif kind == shapes.OBJECT:
            assert below is not None
            out[name] = _empty_object(below)
        elif member.plain:
            if not member.omit_zero:
                out[name] = "" if kind == shapes.STRING else 0
        elif item is not None and kind != shapes.ARRAY:
            out[name] = item
    return out


_empty_objects: dict[str, Value] = {}


def _empty_object(shape: Shape) -> Value:
    """The output for an empty object. Most objects of a big config are empty, so they share one dict."""
    found = _empty_objects.get(shape.name)
    if found is None:
        found = _empty_objects[shape.name] = _for_output({}, shape)
    return found
