# SPDX-License-Identifier: Apache-2.0
"""Writing a config as Ignition writes its cache, byte for byte (docs/behaviour/config.md)."""

from __future__ import annotations

from ignition.base import gojson
from ignition.config import shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.config.shapes import Shape

    Value = dict[str, Any]


def cache_text(value: Value) -> str:
    """The text of the config cache: compact, without a newline at the end."""
    return gojson.dumps(_written(value, shapes.for_version(shapes.NEWEST)))


def pretty(value: Value) -> str:
    """The same, indented for people."""
    return gojson.dumps_indent(_written(value, shapes.for_version(shapes.NEWEST)))


def empty() -> Value:
    """The config that asks for nothing."""
    return {"ignition": {"version": shapes.NEWEST}}


def _written(value: Value, shape: Shape) -> Value:
    """The members in their order: objects always, also empty; plain ones always; the rest if set."""
    out: Value = {}
    for name, member in shape.members.items():
        item = value.get(name)
        kind, below = member.kind, member.shape
        if item:
            if below is None:
                out[name] = item
            elif kind == shapes.OBJECT:
                out[name] = _written(item, below)
            else:
                out[name] = [_written(entry, below) for entry in item]
        elif kind == shapes.OBJECT:
            assert below is not None
            out[name] = _blank(below)
        elif member.plain:
            if not member.omit_zero:
                out[name] = "" if kind == shapes.STRING else 0
        elif item is not None and kind != shapes.ARRAY:
            out[name] = item
    return out


_blanks: dict[str, Value] = {}


def _blank(shape: Shape) -> Value:
    """An empty object as it is written. Most objects of a big config are; they share one."""
    found = _blanks.get(shape.name)
    if found is None:
        found = _blanks[shape.name] = _written({}, shape)
    return found
