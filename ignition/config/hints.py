# SPDX-License-Identifier: Apache-2.0
"""Hints for text that is not a valid config: what it probably is, and how to fix it."""

from __future__ import annotations

from ignition.base.origin import pointer
from ignition.config import foreign_keys, scan, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config.document import Document, Path
    from ignition.config.scan import Node
    from ignition.config.shapes import Shape

_CLOUD_INIT = "this is for cloud-init, not an Ignition config"

_PREFIX_HINTS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "the config is compressed with gzip: give it uncompressed"),
    (b"\xef\xbb\xbf", "the text begins with a byte order mark: save it as UTF-8 without one"),
    (b"\xff\xfe", "the text is UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "the text is UTF-16: save it as UTF-8"),
    (b"#cloud-config", _CLOUD_INIT),
    (b"#include", _CLOUD_INIT),
    (b"## template:", _CLOUD_INIT),
    (b"Content-Type: multipart", _CLOUD_INIT),
    (b"MIME-Version:", _CLOUD_INIT),
    (b"#!", "this is a script, not an Ignition config"),
    (b"<", "this is HTML or XML, perhaps a server's error or login page"),
)

_SYNTAX_HINTS: tuple[tuple[str, str], ...] = (
    ("invalid character '}' looking for beginning of object key", "there is a comma too many"),
    ("invalid character ']' looking for beginning of value", "there is a comma too many"),
    ("invalid character '/'", "JSON has no comments"),
    ("invalid character '\\'' looking", "JSON quotes with double quotes only"),
    (
        "in string literal",
        "write line breaks in strings as \\n, other control characters as \\u00XX",
    ),
    ("unexpected end of JSON input", "the text is cut off, or a bracket is not closed"),
    ("after top-level value", "nothing may follow the config"),
    ("after object key:value pair", "a comma is missing before this"),
    ("after array element", "a comma is missing before this"),
    ("exceeded max depth", "more than 10000 brackets are open"),
)


def syntax_hint(data: bytes, error: str) -> str:
    """A hint for text that is not JSON, from its first bytes or from the message of the syntax error."""
    start = data.lstrip(b" \t\r\n")
    for prefix, meaning in _PREFIX_HINTS:
        if start.startswith(prefix):
            return meaning
    if start[:1] not in (b"{", b"[") and (yaml := foreign_keys.identify_yaml(data)):
        return yaml
    if number := _number_hint(data, error):
        return number
    return next((meaning for words, meaning in _SYNTAX_HINTS if words in error), "")


def foreign_config_hint(text: Document) -> str:
    """A hint for JSON in another format than a spec 3 config, "" if nothing suggests that."""
    if text.root.kind != scan.OBJECT:
        return ""
    members = text.members(text.root)
    found = foreign_keys.identify_object(dict(members))
    if found == foreign_keys.KUBERNETES and members["kind"][1].value == "MachineConfig":
        return foreign_keys.MACHINE_CONFIG
    return found


def _number_hint(data: bytes, error: str) -> str:
    """A hint for 0644, 0o644 and 0x1a4, which are not numbers in JSON."""
    if "after object key:value pair" not in error and "after array element" not in error:
        return ""
    try:
        scan.scan(data)
    except scan.JsonSyntaxError as found:
        zero = found.offset - 2
        if zero < 1 or data[zero : zero + 1] != b"0" or data[zero - 1] in b"0123456789.eE":
            return ""
        word = data[zero : zero + 32].decode("latin-1")
        end = next((at for at, char in enumerate(word) if not char.isalnum()), len(word))
        word = word[:end]
        prefix = word[1:2].lower()
        digits = word[2:] if prefix in ("o", "x", "b") else word
        try:
            number = int(digits, {"x": 16, "b": 2}.get(prefix, 8))
        except ValueError:
            return f"numbers in JSON have no leading zero: {word}" if word.isdigit() else ""
        return f"JSON has decimal numbers only, without a leading zero: write {number} for {word}"
    return ""


def type_hint(path: Path, node: Node, expected: str) -> str:
    """A hint for a value of the wrong type."""
    if not path:
        return "a config is a JSON object"
    text = node.value
    octal = node.kind == scan.STRING and 0 < len(text) < 8 and not text.strip("01234567")
    if path[-1] == "append" and node.kind == scan.BOOL:
        return "append was true or false in spec 2: in spec 3 it is a list of contents to append"
    if path[-1] == "contents" and node.kind == scan.STRING:
        return 'contents must be an object: write {"source": "data:,TEXT"}'
    if path[-1] in ("users", "units", "files", "groups") and node.kind == scan.OBJECT:
        return f"{path[-1]} must be a list: put it in brackets"
    if path[-1] == "mode" and octal:
        return f"mode must be a decimal number: octal {text} is {int(text, 8)}"
    if node.kind == scan.STRING and expected == "an integer" and text.isdigit():
        return f"{path[-1]} must be a number: leave out the quotes"
    if node.kind == scan.STRING and expected == "true or false" and text in ("true", "false"):
        return f"{path[-1]} must be true or false: leave out the quotes"
    if path == ("ignition", "version"):
        return 'version must be three numbers in quotes, for example "3.6.0"'
    if node.kind == scan.NUMBER and expected == "a string":
        return f"{_name(path)} must be a string: write it in quotes"
    return f"{_name(path)} must be {expected}"


def _name(path: Path) -> str:
    """A member by its key, an entry of a list by its index and the path of the list."""
    if isinstance(path[-1], int):
        return f"entry {path[-1]} of {pointer(path[:-1])}"
    return path[-1]


def key_hint(key: str, shape: Shape) -> str:
    """A hint for an unknown key, "" if nothing similar exists."""
    member = shape.find(key)
    if member is not None:
        return f"spelt {member.name} in the spec; it was read all the same"
    if foreign := foreign_keys.key_hint(key, shape.name):
        return foreign
    for version, types in tables.VERSIONS.items():
        if any(row[0] == key for row in types.get(shape.name, ())):
            return f"this key needs spec {version} or newer"
    plain = key.replace("_", "").lower()
    for name in shape.members:
        if name.lower() == plain:
            return f"write {name}"
    if len(key) > 2:
        for name in shape.members:
            if within_one_edit(key.lower(), name.lower()):
                return f"did you mean {name}?"
    return ""


def within_one_edit(one: str, other: str) -> bool:
    """Whether two words differ by one inserted, deleted or replaced letter, or by two swapped letters."""
    if len(one) > len(other):
        one, other = other, one
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    if len(one) == len(other):
        swapped = one[start + 1 : start + 2] + one[start : start + 1] + one[start + 2 :]
        return one[start + 1 :] == other[start + 1 :] or swapped == other[start:]
    return len(one) + 1 == len(other) and one[start:] == other[start + 1 :]
