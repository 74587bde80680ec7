# SPDX-License-Identifier: Apache-2.0
"""Keys of a config that its spec version does not know.

They are only warnings: Ignition ignores unknown keys.
"""

from __future__ import annotations

from ignition.base.finding import WARNING, Finding
from ignition.base.origin import Origin, pointer
from ignition.config import codes, hints, scan, shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.document import Document, Path
    from ignition.config.scan import Node
    from ignition.config.shapes import Shape


def unused_keys(document: Document, value: dict[str, Any], version: str) -> Iterator[Finding]:
    """Warnings for unknown keys of a document that was decoded into `value`, in walk order.

    Keys match exactly here. A key that differs in case was decoded, but is reported, and its value is not
    checked. Without positions Ignition skips this check.
    """
    if document.has_positions:
        yield from _check_object(document, document.root, value, shapes.for_version(version), ())


def _check_object(
    document: Document, node: Node, value: dict[str, Any], shape: Shape, path: Path
) -> Iterator[Finding]:
    if node.kind != scan.OBJECT:
        yield _mismatch(document, path)
        return
    members = document.members(node)
    for key, (offset, _) in members.items():
        if key not in shape.members:
            yield _unused(document, path, key, offset, shape)
    for name, member in shape.members.items():
        if member.shape is None or name not in members:
            continue
        child, below = members[name][1], value.get(name)
        if member.kind == shapes.OBJECT:
            if not member.pointer or below is not None:
                yield from _check_object(document, child, below or {}, member.shape, (*path, name))
        elif child.kind == scan.ARRAY:
            for index, (item, item_value) in enumerate(
                zip(child.items(), below or (), strict=False)
            ):
                yield from _check_object(
                    document, item, item_value, member.shape, (*path, name, index)
                )


def _unused(document: Document, path: Path, key: str, offset: int, shape: Shape) -> Finding:
    line, column = document.lines.position(offset)
    origin = Origin(document.source, pointer((*path, key)), line, column)
    hint = hints.key_hint(key, shape)
    return Finding(codes.UNUSED_KEY, WARNING, f"unused key {key}", origin, hint)


def _mismatch(document: Document, path: Path) -> Finding:
    where = ".".join(("$", *map(str, path)))
    text = (
        f"context tree does not match content tree at {where}. Line and column reporting may be"
        " inconsistent. Unused keys may not be reported"
    )
    hint = "the value is null instead of an object; leave the key out"
    return Finding(codes.NOT_AN_OBJECT, WARNING, text, document.origin(path), hint)
