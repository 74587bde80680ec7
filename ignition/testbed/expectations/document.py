# SPDX-License-Identifier: Apache-2.0
"""Reads YAML, of which JSON is a part, into plain values with positions.

A value is a mapping, a list, text, a number, true, false or null. Words that only some YAML parsers take for
something else (yes, off, 12:30, 1e3, 2024-01-01) are text.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ignition.testbed.expectations.problems import (
    DUPLICATE_KEY,
    STRUCTURE,
    SYNTAX,
    TOO_LARGE,
    Path,
    Place,
    Problems,
)

MAX_SIZE = 1 << 20
"""Bytes of a file. Large contents are expected by their SHA-256."""
MAX_VALUES = 100_000
"""Values of a file. Aliases of aliases multiply."""

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_OCTAL = re.compile(r"0o?([0-7]{1,20})")
_FLOAT = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}")
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map"))
_TAB_OR_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\t', re.DOTALL)


@dataclass
class Document:
    """A file as plain values.

    places      where each value begins
    key_places  where the key of each member begins
    numbers     the text of each number, since 0644 and 420 are the same value
    """

    value: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    key_places: dict[Path, Place] = field(default_factory=dict)
    numbers: dict[Path, str] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        """The place of the deepest value along a path."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def parse(data: bytes, problems: Problems) -> Document | None:
    """The values of a file; None if it cannot be read at all. What is wrong is added to `problems`."""
    text = _decode(data, problems)
    if text is None:
        return None
    lines = _Lines(text)
    node = _compose(text, lines, problems)
    if node is None:
        return None
    reader = _Reader(lines, problems)
    try:
        reader.document.value = reader.convert(node, ())
    except RecursionError:
        problems.add(TOO_LARGE, "values are nested too deeply", (1, 1))
        return None
    except _Endless as endless:
        problems.add(endless.code, endless.message, endless.place)
        return None
    return reader.document


def _decode(data: bytes, problems: Problems) -> str | None:
    if len(data) > MAX_SIZE:
        problems.add(
            TOO_LARGE,
            f"the file is larger than {MAX_SIZE >> 20} MiB",
            (1, 1),
            hint="expect large contents by their sha256",
        )
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.add(SYNTAX, "the file is UTF-16", (1, 1), hint="save it as UTF-8")
        return None
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        problems.add(
            SYNTAX,
            f"the byte 0x{data[error.start]:02x} is not UTF-8",
            (line, column),
            hint="save the file as UTF-8; expect binary contents by content_base64 or sha256",
        )
        return None
    if _is_json(text):  # it may be indented by tabs, as block YAML may not
        text = _TAB_OR_STRING.sub(lambda found: found[0].replace("\t", " "), text)
    return text


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


class _Lines:
    """Converts PyYAML's positions. It counts characters, and takes more than LF for the end of a line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, index: int) -> Place:
        line = bisect.bisect_right(self._starts, index)
        start = self._starts[line - 1]
        return line, len(self._text[start:index].encode()) + 1

    def of_node(self, node: Node) -> Place:
        return self.place(node.start_mark.index)


def _compose(text: str, lines: _Lines, problems: Problems) -> Node | None:
    """The only document of a text."""
    loader = None
    try:
        loader = yaml.BaseLoader(text)
        node: Node | None = loader.get_node() if loader.check_node() else None
        second = loader.get_node() if loader.check_node() else None
    except yaml.reader.ReaderError as error:
        problems.add(
            SYNTAX,
            f"the control character 0x{ord(text[error.position]):02x} is not allowed",
            lines.place(error.position),
            hint="expect binary contents by content_base64 or sha256",
        )
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = lines.place(mark.index) if mark else (1, 1)
        form = "JSON" if _is_json(text) else "YAML"
        problems.add(SYNTAX, f"not valid {form}: {error.problem}", place, hint=_advice(error))
        return None
    except RecursionError:
        problems.add(TOO_LARGE, "values are nested too deeply", (1, 1))
        return None
    finally:
        if loader is not None:
            loader.dispose()
    if node is None:
        problems.add(
            STRUCTURE,
            "the file is empty",
            (1, 1),
            hint="write {} if nothing but a successful first boot is expected",
        )
    if second is not None:
        problems.add(
            SYNTAX,
            "the file has a second YAML document",
            lines.of_node(second),
            hint="one file holds the expectations on one machine: remove the line ---",
        )
    return node


def _advice(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem)
    if "'\\t'" in problem:
        return "indent with spaces: YAML does not allow tabs"
    if "mapping values are not allowed" in problem:
        return 'put text that has a colon and a blank in quotes: "a: b"'
    if "that cannot start any token" in problem:
        return "put the text in quotes"
    if "expected <block end>" in problem:
        return "indent all members of a mapping alike, and all items of a list"
    return ""


class _Endless(Exception):
    """Aliases that expand to too much."""

    def __init__(self, code: str, message: str, place: Place) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.place = place


class _Reader:
    """Converts nodes of PyYAML to values, and notes their places."""

    def __init__(self, lines: _Lines, problems: Problems) -> None:
        self.document = Document()
        self._lines = lines
        self._problems = problems
        self._open: set[int] = set()
        self._count = 0

    def convert(self, node: Node, path: Path) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            message = f"the aliases expand to more than {MAX_VALUES} values"
            raise _Endless(TOO_LARGE, message, (1, 1))
        place = self.document.places[path] = self._lines.of_node(node)
        if node.tag not in _PLAIN_TAGS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._problems.add(
                STRUCTURE, f"the tag {tag} has no meaning here", place, path, "remove it"
            )
        self._enter(node)
        value = self._convert(node, path)
        self._open.remove(id(node))
        return value

    def _enter(self, node: Node) -> None:
        if id(node) in self._open:
            place = self._lines.of_node(node)
            raise _Endless(STRUCTURE, "an alias contains itself", place)
        self._open.add(id(node))

    def _convert(self, node: Node, path: Path) -> Any:
        if isinstance(node, SequenceNode):
            return [self.convert(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        assert isinstance(node, ScalarNode)
        value = _scalar(node)
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.document.numbers[path] = str(node.value)
        return value

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[Node] = []
        for key, value in node.value:
            place = self._lines.of_node(key)
            if not isinstance(key, ScalarNode):
                self._problems.add(STRUCTURE, "a key must be a word", place, path)
                continue
            name = str(key.value)
            if name == "<<" and key.style is None:
                merged += value.value if isinstance(value, SequenceNode) else [value]
                continue
            if name in found:
                self._problems.add(
                    *(DUPLICATE_KEY, f"the key {name} is given twice", place, (*path, name)),
                    hint="join both, or remove one",
                )
                continue
            self.document.key_places[(*path, name)] = place
            found[name] = self.convert(value, (*path, name))
        for parent in merged:
            self._merge(parent, found, path)
        return found

    def _merge(self, parent: Node, found: dict[str, Any], path: Path) -> None:
        """Adds the members of `<<: *parent`; members of the mapping itself and of earlier parents win."""
        if not isinstance(parent, MappingNode):
            place = self._lines.of_node(parent)
            self._problems.add(STRUCTURE, "<< needs a mapping or a list of mappings", place, path)
            return
        names = [key for key, _ in parent.value if isinstance(key, ScalarNode)]
        fresh = MappingNode(
            parent.tag,
            [pair for pair in parent.value if pair[0] in names and pair[0].value not in found],
            parent.start_mark,
        )
        self._enter(parent)
        found.update(self._mapping(fresh, path))
        self._open.remove(id(parent))


def _scalar(node: ScalarNode) -> Any:
    text = str(node.value)
    if node.style is not None:
        return _join_surrogates(text)
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _DECIMAL.fullmatch(text):
        return int(text)
    if octal := _OCTAL.fullmatch(text):
        return int(octal[1], 8)
    return float(text) if _FLOAT.fullmatch(text) else text


def _join_surrogates(text: str) -> str:
    """JSON writes characters beyond U+FFFF as two escapes, which PyYAML does not join."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
