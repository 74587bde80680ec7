# SPDX-License-Identifier: Apache-2.0
"""Writing a config as the original writes it (engine-config 8), byte for byte."""

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
    return gojson.dumps(_written(value, shapes.of(shapes.NEWEST)))


def pretty(value: Value) -> str:
    """The same, indented for people."""
    return gojson.dumps_indent(_written(value, shapes.of(shapes.NEWEST)))


def empty() -> Value:
    """The config that asks for nothing."""
    return {"ignition": {"version": shapes.NEWEST}}


def _written(value: Value, shape: Shape) -> Value:
    """The members in their order: objects always, also empty; plain ones always; the rest if set."""
    out: Value = {}
    for name, member in shape.members.items():
        item = value.get(name)
        if member.kind == shapes.OBJECT:
            assert member.shape is not None
            out[name] = _written(item or {}, member.shape)
        elif member.kind == shapes.ARRAY:
            if item:
                of = member.shape
                out[name] = item if of is None else [_written(entry, of) for entry in item]
        elif member.plain:
            if item or not member.omit_zero:
                out[name] = item or ("" if member.kind == shapes.STRING else 0)
        elif item is not None:
            out[name] = item
    return out
