# SPDX-License-Identifier: Apache-2.0
"""The text of a config as a tree of values with positions.

Grammar, errors and positions are Ignition's. `decode` turns the tree into typed values.
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


# Larger objects and lists get an index on first use. For the many small ones an index would only cost memory.
_INDEX_ABOVE = 16


class Document:
    """A config text. `root` is its tree; `has_positions` tells whether Ignition knows positions in it."""

    __slots__ = ("_lists", "_objects", "has_positions", "lines", "root", "source")

    def __init__(self, data: bytes, source: str, tree: scan.Tree) -> None:
        self.source = source
        self.lines = Lines(data)
        self.root = tree.root
        # Ignition's position tree stores numbers as 64-bit floats. A number that overflows one makes building
        # the tree fail, and with it all positions and unused-key warnings.
        self.has_positions = not tree.huge_number
        self._objects: dict[int, dict[str, int]] = {}
        self._lists: dict[int, memoryview] = {}

    def members(self, node: Node) -> dict[str, tuple[int, Node]]:
        """Key -> (byte offset of the key, node) of an object. The last of repeated keys counts."""
        return {key: (offset, child) for key, offset, child in node.members()}

    def child(self, node: Node, step: str | int) -> Node | None:
        """The child node for a key or index, None if there is none."""
        if node.kind == scan.OBJECT and isinstance(step, str):
            found = self._keys(node).get(step)
            return None if found is None else scan.Node(node.tree, found + 1)
        if node.kind == scan.ARRAY and isinstance(step, int):
            places = self._items(node)
            if step < len(places):
                return scan.Node(node.tree, places[step])
        return None

    def key_offset(self, path: Path) -> int:
        """The byte offset of the opening quote of the last key of an existing path."""
        node = self.nearest(path[:-1])
        return node.tree.starts[self._keys(node)[str(path[-1])]]

    def _items(self, node: Node) -> memoryview:
        """The tree indexes of the items of a list; cached for long lists."""
        found = self._lists.get(node.index)
        if found is None:
            found = scan.pack_offsets(each.index for each in node.items())
            if len(found) > _INDEX_ABOVE:
                self._lists[node.index] = found
        return found

    def _keys(self, node: Node) -> dict[str, int]:
        """Key -> tree index of the key for an object; cached for large objects."""
        found = self._objects.get(node.index)
        if found is None:
            found = {key: child.index - 1 for key, _, child in node.members()}
            if len(found) > _INDEX_ABOVE:
                self._objects[node.index] = found
        return found

    def containers(self) -> Iterator[Node]:
        """All lists and objects, in document order."""
        return self.root.tree.containers()

    def path_of(self, node: Node) -> Path:
        """The path of a value."""
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
        """The deepest existing node along a path."""
        node = self.root
        for step in path:
            child = self.child(node, step)
            if child is None:
                break
            node = child
        return node

    def position(self, path: Path) -> tuple[int, int]:
        """Line and column of the deepest existing value along a path; (0, 0) if unknown.

        Both count from 1, columns in bytes. For objects and lists it is the byte after the opening bracket.
        """
        if not self.has_positions:
            return 0, 0
        return self.lines.position(self.nearest(path).finding_offset)

    def key_position(self, path: Path) -> tuple[int, int]:
        """Line and column of the opening quote of the last key of an existing path."""
        return self.lines.position(self.key_offset(path))

    def origin(self, path: Path) -> Origin:
        line, column = self.position(path)
        return Origin(self.source, pointer(path), line, column)


def parse(data: bytes, source: str) -> Document:
    """Parses a JSON text. InvalidConfig with one finding if it is not JSON."""
    try:
        return Document(data, source, scan.scan(data))
    except scan.JsonSyntaxError as error:
        line, column = Lines(data).position(error.offset)
        finding = Finding(codes.SYNTAX, ERROR, error.text, Origin(source, "", line, column))
        raise InvalidConfig(
            codes.NOT_VALID, codes.NOT_VALID_MESSAGE, Origin(source), findings=[finding]
        ) from None


class Lines:
    """Converts byte offsets to lines and columns. Scans the text for line starts on first use."""

    __slots__ = ("_starts", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._starts: memoryview | None = None

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte offset, both from 1."""
        starts = self._starts
        if starts is None:
            starts = self._starts = scan.pack_offsets(self._line_starts())
        line = _bisect.bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def _line_starts(self) -> Iterator[int]:
        yield 0
        start = self.data.find(b"\n") + 1
        while start:
            yield start
            start = self.data.find(b"\n", start) + 1
