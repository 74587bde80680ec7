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
    from collections.abc import Iterator

    from ignition.config.scan import Node

    Path = tuple[str | int, ...]


# Objects with more keys are indexed when first asked; for the many small ones that would only take memory.
_FEW = 16


class Document:
    """One config text. `root` is its tree, `has_positions` whether the original could place its findings."""

    __slots__ = ("_lists", "_objects", "has_positions", "lines", "root", "source")

    def __init__(self, data: bytes, source: str, tree: scan.Tree) -> None:
        self.source = source
        self.lines = Lines(data)
        self.root = tree.root
        # The original keeps numbers as 64-bit floats in its tree of positions; one that does not fit
        # costs it the whole tree, and with it all positions and unused-key warnings.
        self.has_positions = not tree.huge_number
        self._objects: dict[int, dict[str, int]] = {}
        self._lists: dict[int, memoryview] = {}

    def members(self, node: Node) -> dict[str, tuple[int, Node]]:
        """An object's key -> (byte offset of the key, node); of repeated keys the last counts."""
        return {key: (offset, child) for key, offset, child in node.members()}

    def child(self, node: Node, step: str | int) -> Node | None:
        """The node one step further down, None if there is none."""
        if node.kind == scan.OBJECT and isinstance(step, str):
            found = self._keys(node).get(step)
            return None if found is None else scan.Node(node.tree, found + 1)
        if node.kind == scan.ARRAY and isinstance(step, int):
            places = self._items(node)
            if step < len(places):
                return scan.Node(node.tree, places[step])
        return None

    def key_offset(self, path: Path) -> int:
        """The byte offset of the key (its opening quote) that ends a path which exists."""
        node = self.nearest(path[:-1])
        return node.tree.starts[self._keys(node)[str(path[-1])]]

    def _items(self, node: Node) -> memoryview:
        """Where the items of a list stand in the tree. Kept for long lists: there are many short ones."""
        found = self._lists.get(node.index)
        if found is None:
            found = scan.pack_offsets(each.index for each in node.items())
            if len(found) > _FEW:
                self._lists[node.index] = found
        return found

    def _keys(self, node: Node) -> dict[str, int]:
        """An object's key -> where it stands in the tree; kept likewise."""
        found = self._objects.get(node.index)
        if found is None:
            found = {key: child.index - 1 for key, _, child in node.members()}
            if len(found) > _FEW:
                self._objects[node.index] = found
        return found

    def containers(self) -> Iterator[Node]:
        """All lists and objects, in the order of the text."""
        return self.root.tree.containers()

    def path_of(self, node: Node) -> Path:
        """The path that leads to a value."""
        path: list[str | int] = []
        at = self.root
        while at.index != node.index:
            if at.kind == scan.ARRAY:
                places = self._items(at)
                step = _bisect.bisect_right(places, node.index) - 1
                path.append(step)
                at = scan.Node(at.tree, places[step])
            else:
                for key, _, child in at.members():
                    if child.index <= node.index and node.start < child.close:
                        path.append(key)
                        at = child
                        break
        return tuple(path)

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
        return self.lines.position(self.key_offset(path))

    def origin(self, path: Path) -> Origin:
        line, column = self.position(path)
        return Origin(self.source, pointer(path), line, column)


def parse(data: bytes, source: str) -> Document:
    """The document of a JSON text. InvalidConfig with one finding if it is not JSON."""
    try:
        return Document(data, source, scan.scan(data))
    except scan.JsonSyntaxError as fault:
        line, column = Lines(data).position(fault.offset)
        finding = Finding(codes.SYNTAX, ERROR, fault.text, Origin(source, "", line, column))
        raise InvalidConfig(
            codes.NOT_VALID, codes.NOT_VALID_MESSAGE, Origin(source), findings=[finding]
        ) from None


class Lines:
    """Turns byte offsets into lines and columns; looks through the text once, when first asked."""

    __slots__ = ("_starts", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._starts: memoryview | None = None

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte offset, both from 1.

        At the end of the text, where no byte is, the original gives up and says 0, 0.
        """
        starts = self._starts
        if starts is None:
            starts = self._starts = scan.pack_offsets(self._beginnings())
        line = _bisect.bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def _beginnings(self) -> Iterator[int]:
        yield 0
        start = self.data.find(b"\n") + 1
        while start:
            yield start
            start = self.data.find(b"\n", start) + 1
