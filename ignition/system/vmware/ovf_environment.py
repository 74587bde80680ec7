# SPDX-License-Identifier: Apache-2.0
"""The OVF environment of a virtual machine: an XML document with properties set at deployment.

Parsing tolerates other namespaces on attributes and trailing data after the root element. Removal is strict
and preserves every other byte. Source: DMTF DSP0243, section 11.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

NAMESPACE = "http://schemas.dmtf.org/ovf/environment/1"
# Separates namespace and name; neither can contain it.
_SEPARATOR = "\n"
_ROOT = f"{NAMESPACE}{_SEPARATOR}Environment"
_PROPERTY = f"{NAMESPACE}{_SEPARATOR}Property"
_KEY = f"{NAMESPACE}{_SEPARATOR}key"
_PATH = ["Environment", "PropertySection", "Property"]


class InvalidEnvironment(Exception):
    """The text is not an OVF environment; the message tells why."""


def parse_properties(text: bytes) -> dict[str, str]:
    """Key -> value. The last one wins if a key is repeated."""
    found: dict[str, str] = {}

    def start(path: list[str], attributes: dict[str, str], offset: int) -> None:
        if len(path) == len(_PATH) and [_local(name) for name in path] == _PATH:
            plain = {_local(name): value for name, value in attributes.items()}
            if "key" in plain:
                found[plain["key"]] = plain.get("value", "")

    _walk(text, start, lambda path, offset: None)
    return found


def remove_properties(text: bytes, keys: Collection[str]) -> bytes:
    """The document without the property elements with these keys."""
    if b"\0" in text:
        raise InvalidEnvironment("its encoding is neither UTF-8 nor ASCII")
    cuts: list[tuple[int, int]] = []
    opened: list[int] = []

    def start(path: list[str], attributes: dict[str, str], offset: int) -> None:
        if path[-1] == _PROPERTY and attributes.get(_KEY) in keys and not opened:
            end = _tag_end(text, offset)
            if text[end - 2 : end] == b"/>":
                cuts.append((offset, end))
            else:
                opened.extend((offset, len(path)))

    def end(path: list[str], offset: int) -> None:
        if opened and opened[1] == len(path):
            cuts.append((opened[0], _tag_end(text, offset)))
            opened.clear()

    _walk(text, start, end)
    for first, last in reversed(cuts):
        text = text[:first] + text[last:]
    return text


def _walk(
    text: bytes,
    start: Callable[[list[str], dict[str, str], int], None],
    end: Callable[[list[str], int], None],
) -> None:
    """Calls `start` and `end` for each element, with the names from the root and the offset of its tag."""
    from pyexpat import ExpatError, ParserCreate

    path: list[str] = []
    complete = False
    parser = ParserCreate(namespace_separator=_SEPARATOR)

    def opened(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        if len(path) == 1 and name != _ROOT:
            raise InvalidEnvironment(f"its root element is {_local(name)}")
        start(path, attributes, parser.CurrentByteIndex)

    def closed(name: str) -> None:
        nonlocal complete
        end(path, parser.CurrentByteIndex)
        path.pop()
        complete = not path

    def declared(*_: Any) -> None:
        raise InvalidEnvironment("it declares entities, which could grow without bound")

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.EntityDeclHandler = declared
    try:
        parser.Parse(text, True)
    except ExpatError as error:
        # Trailing data after the root element is ignored, as in Ignition.
        if not complete:
            raise InvalidEnvironment(f"it is not XML: {error}") from error
    except (LookupError, ValueError) as error:  # an encoding that expat does not know
        raise InvalidEnvironment("it declares an unsupported encoding") from error


def _local(name: str) -> str:
    return name.rpartition(_SEPARATOR)[2]


def _tag_end(text: bytes, start: int) -> int:
    """The offset after the tag that begins at `start`; a quoted > does not end it."""
    quote = 0
    for offset in range(start, len(text)):
        byte = text[offset]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == 0x3E:
            return offset + 1
    return len(text)
