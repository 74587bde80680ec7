# SPDX-License-Identifier: Apache-2.0
"""Decodes the tree of a JSON text into the canonical value of a spec version, as Go's encoding/json does.

Keys match case-insensitively, repeated keys are merged, null means absent. The canonical value consists of
plain dicts and lists and has only the keys of the spec.
"""

from __future__ import annotations

from ignition.config import scan, shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.config.scan import Node
    from ignition.config.shapes import Member, Shape

    Path = tuple[str | int, ...]

_INT_MIN, _INT_MAX = -(1 << 63), (1 << 63) - 1
_KINDS = {scan.STRING: "string", scan.BOOL: "bool", scan.ARRAY: "array", scan.OBJECT: "object"}


class TypeMismatch(Exception):
    """The first value of the wrong type, in document order.

    `text` is Go's message, `node` the value, `path` its path, `expected` the expected type. Ignition reports
    the byte offset `node.end`.
    """

    def __init__(self, text: str, node: Node, path: Path, expected: str) -> None:
        super().__init__(text)
        self.text = text
        self.node = node
        self.path = path
        self.expected = expected


def decode(root: Node, shape: Shape) -> dict[str, Any]:
    """The canonical value of a tree. TypeMismatch if a value does not fit its member."""
    if root.kind == scan.NULL:
        return {}
    if root.kind != scan.OBJECT:
        text = f"json: cannot unmarshal {_kind(root)} into Go value of type types.{shape.name}"
        raise TypeMismatch(text, root, (), "an object")
    value: dict[str, Any] = {}
    _Decoder().fill(value, root, shape, ())
    return value


class _Decoder:
    def __init__(self) -> None:
        # When a key is repeated with a shorter list, Go keeps the old slice memory, and a third, longer list
        # sees the old items again. (id of the object, key) -> (object, full list); the reference to the
        # object keeps its id from being reused.
        self.backing: dict[tuple[int, str], tuple[dict[str, Any], list[Any]]] = {}

    def fill(self, value: dict[str, Any], node: Node, shape: Shape, path: Path) -> None:
        """Decodes a JSON object into `value`, on top of earlier copies of a repeated key."""
        for key, _, child in node.members():
            member = shape.members.get(key) or shape.find(key)
            if member is not None:
                self.fill_member(value, member, child, (*path, member.name))

    def fill_member(self, value: dict[str, Any], member: Member, node: Node, path: Path) -> None:
        name, kind = member.name, member.kind
        if node.kind == scan.NULL:
            if not member.plain and (kind != shapes.OBJECT or member.pointer):
                value.pop(name, None)
                self.backing.pop((id(value), name), None)
        elif kind == shapes.OBJECT:
            assert member.shape is not None
            if node.kind != scan.OBJECT:
                raise _mismatch(node, path, f"types.{member.shape.name}", "an object")
            self.fill(value.setdefault(name, {}), node, member.shape, path)
        elif kind == shapes.ARRAY:
            if node.kind != scan.ARRAY:
                of = f"types.{member.shape.name}" if member.shape else "string"
                raise _mismatch(node, path, f"[]{of}", "a list")
            self.fill_list(value, name, node, member.shape, path)
        else:
            value[name] = scalar(node, kind, path)

    def fill_list(
        self, value: dict[str, Any], name: str, node: Node, shape: Shape | None, path: Path
    ) -> None:
        """Decodes a JSON list slot by slot, on top of an earlier copy of a repeated key."""
        place = (id(value), name)
        backing = self.backing.pop(place, None)
        slots: list[Any] = value.get(name, []) if backing is None else backing[1]
        length = 0
        for index, child in enumerate(node.items()):
            length = index + 1
            if index == len(slots):
                slots.append("" if shape is None else {})
            if child.kind == scan.NULL:
                continue
            if shape is None:
                slots[index] = scalar(child, shapes.STRING, (*path, index))
            elif child.kind != scan.OBJECT:
                raise _mismatch(child, (*path, index), f"types.{shape.name}", "an object")
            else:
                self.fill(slots[index], child, shape, (*path, index))
        if length == len(slots):
            value[name] = slots
        elif not length:
            value[name] = []
        else:
            value[name] = slots[:length]
            self.backing[place] = (value, slots)


def scalar(node: Node, kind: str, path: Path) -> str | int | bool:
    """Decodes a string, number or bool node that must be of `kind`."""
    value = node.value
    if kind == shapes.STRING:
        if node.kind == scan.STRING:
            assert isinstance(value, str)
            return value
        raise _mismatch(node, path, "string", "a string")
    if kind == shapes.BOOLEAN:
        if node.kind == scan.BOOL:
            assert isinstance(value, bool)
            return value
        raise _mismatch(node, path, "bool", "true or false")
    if node.kind != scan.NUMBER:
        raise _mismatch(node, path, "int", "an integer")
    if len(value) <= 20 and value.lstrip("-").isdigit():
        number = int(value)
        if _INT_MIN <= number <= _INT_MAX:
            return number
    raise _mismatch(node, path, "int", "a 64-bit integer without fraction or exponent", value)


def _kind(node: Node, literal: str = "") -> str:
    """The name of a value's type in Go's errors."""
    if node.kind == scan.NUMBER:
        return f"number {literal}" if literal else "number"
    return _KINDS[node.kind]


def _mismatch(
    node: Node, path: Path, go_type: str, expected: str, literal: str = ""
) -> TypeMismatch:
    dotted = ".".join(("Config", *map(str, path)))
    text = (
        f"json: cannot unmarshal {_kind(node, literal)} into Go struct field {dotted}"
        f" of type {go_type}"
    )
    return TypeMismatch(text, node, path, expected)
