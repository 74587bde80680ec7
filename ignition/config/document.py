# SPDX-License-Identifier: Apache-2.0
"""The exact reader: a config's text as a tree that can say where each value stands.

Reads JSON as the original does (its grammar, its faults, its positions). Typed reading is in `decode`.
"""

from __future__ import annotations

import _bisect

from ignition.base.errors import InvalidConfig
from ignition.base.finding import ERROR, Finding
from ignition.base.origin import Origin, pointer
from ignition.config import codes, scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config.scan import Node

    Path = tuple[str | int, ...]


# Objects with more keys are indexed when first asked; for the many small ones that would only take memory.
_FEW = 16


class Document:
    """One config text. `root` is its tree, `has_positions` whether the original could place its findings."""

    __slots__ = ("_objects", "has_positions", "lines", "root", "source")

    def __init__(self, data: bytes, source: str, tree: scan.Tree) -> None:
        self.source = source
        self.lines = Lines(data)
        self.root = tree.root
        # The original keeps numbers as 64-bit floats in its tree of positions; one that does not fit
        # costs it the whole tree, and with it all positions and unused-key warnings (engine-config 2.7).
        self.has_positions = not tree.huge_number
        self._objects: dict[int, dict[str, tuple[int, Node]]] = {}

    def members(self, node: Node) -> dict[str, tuple[int, Node]]:
        """An object's key -> (byte offset of the key, node); of repeated keys the last counts."""
        found = self._objects.get(id(node))
        if found is None:
            found = {key: (offset, child) for key, offset, child in node.value}
            if len(found) > _FEW:
                self._objects[id(node)] = found
        return found

    def child(self, node: Node, step: str | int) -> Node | None:
        """The node one step further down, None if there is none."""
        if node.kind == scan.OBJECT and isinstance(step, str):
            if len(node.value) <= _FEW:
                return next((child for key, _, child in reversed(node.value) if key == step), None)
            found = self.members(node).get(step)
            return found[1] if found else None
        if node.kind == scan.ARRAY and isinstance(step, int) and step < len(node.value):
            item: Node = node.value[step]
            return item
        return None

    def nearest(self, path: Path) -> Node:
        """The deepest node that exists along a path."""
        node = self.root
        for step in path:
            child = self.child(node, step)
            if child is None:
                break
            node = child
        return node

    def position(self, path: Path) -> tuple[int, int]:
        """Line and column of the deepest value that exists along a path; (0, 0) where unknown.

        Both count from 1, in bytes. For objects and lists it is the byte after the opening bracket.
        """
        if not self.has_positions:
            return 0, 0
        return self.lines.position(self.nearest(path).place)

    def key_position(self, path: Path) -> tuple[int, int]:
        """Line and column of the key (its opening quote) that ends a path which exists."""
        key = path[-1]
        assert isinstance(key, str)
        return self.lines.position(self.members(self.nearest(path[:-1]))[key][0])

    def origin(self, path: Path) -> Origin:
        line, column = self.position(path)
        return Origin(self.source, pointer(path), line, column)


def read(data: bytes, source: str) -> Document:
    """The document of a JSON text. InvalidConfig with one finding if it is not JSON."""
    try:
        return Document(data, source, scan.scan(data))
    except scan.SyntaxFault as fault:
        line, column = Lines(data).position(fault.offset)
        finding = Finding(codes.SYNTAX, ERROR, fault.text, Origin(source, "", line, column))
        raise InvalidConfig(
            codes.NOT_VALID, codes.NOT_VALID_WORDS, Origin(source), findings=[finding]
        ) from None


class Lines:
    """Turns byte offsets into lines and columns; looks through the text once, when first asked."""

    __slots__ = ("_starts", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._starts: list[int] = []

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte offset, both from 1.

        At the end of the text, where no byte is, the original gives up and says 0, 0.
        """
        starts = self._starts
        if not starts:
            start = 0
            for content in self.data.split(b"\n"):
                starts.append(start)
                start += len(content) + 1
        line = _bisect.bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1
