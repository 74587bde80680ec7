# SPDX-License-Identifier: Apache-2.0
"""Families of configs that grow in one respect; time and memory to read them must grow linearly.

`shapes()` yields a name and a function from a size in bytes to a config of about that size.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator

from ignition.config import shapes as spec

# Shapes with nested configs, which render and lint open.
OPENED = (
    "replace by one config", "merge of one config", "merge of many configs", "gzip with many members",
)  # fmt: skip

Text = Callable[[int], bytes]
Path = tuple[str, ...]

_VERSION = f'"ignition":{{"version":"{spec.NEWEST}"}}'


def shapes() -> Iterator[tuple[str, Text]]:
    """All shapes: one or two per member of the spec, then whole configs, encodings and references."""
    for path, member in _members(spec.for_version(spec.NEWEST), ()):
        where = ".".join(path)
        if member.kind == spec.STRING:
            yield f"long {where}", _within(path, _long)
        elif member.kind == spec.ARRAY:
            item = "{}" if member.shape else '""'
            yield f"many {where}", _within(path, _many(item))
            yield f"again {where}", _again(path, item)
        elif member.kind == spec.OBJECT and path != ("ignition",):
            yield f"again {where}", _again(path, "")
    yield from _texts()
    yield from _bodies()
    yield from _references()


def _members(shape: spec.Shape, above: Path) -> Iterator[tuple[Path, spec.Member]]:
    for name, member in shape.members.items():
        yield (*above, name), member
        if member.shape is not None:
            yield from _members(member.shape, (*above, name))


def _within(path: Path, value: Callable[[int], str]) -> Text:
    """A config in which the value of one member grows."""

    def text(size: int) -> bytes:
        before, after = _around(path)
        return f"{before}{value(size)}{after}".encode()

    return text


def _around(path: Path) -> tuple[str, str]:
    """The text before and after the value of a member, in a config without other members."""
    shape: spec.Shape | None = spec.for_version(spec.NEWEST)
    before, after = "{", "}"
    if path[0] != "ignition":
        before += f"{_VERSION},"
    for depth, name in enumerate(path):
        assert shape is not None
        member = shape.members[name]
        before += f'"{name}":'
        if depth < len(path) - 1:
            before, after = before + "{", "}" + after
            if member.kind == spec.ARRAY:
                before, after = before[:-1] + "[{", "}]" + after[1:]
            if name == "ignition" and path != ("ignition", "version"):
                before += f'"version":"{spec.NEWEST}",'
        shape = member.shape
    return before, after


def _long(size: int) -> str:
    return f'"{"x" * size}"'


def _many(item: str) -> Callable[[int], str]:
    return lambda size: f"[{','.join([item] * (size // (len(item) + 1)))}]"


def _again(path: Path, item: str) -> Text:
    """A key that is repeated in one object: with a list that keeps growing, or with an empty object."""

    def text(size: int) -> bytes:
        before, after = _around(path)
        key = f'"{path[-1]}":'
        head = before.removesuffix(key)
        if not item:
            pieces = [f"{key}{{}}"] * (size // (len(key) + 3))
        else:
            one, long = f"{key}[{item}]", size // 2 // (len(item) + 1)
            pieces = [f"{key}[{','.join([item] * long)}]", *[one] * (size // 2 // (len(one) + 1))]
        return f"{head}{','.join(pieces)}{after}".encode()

    return text


def _texts() -> Iterator[tuple[str, Text]]:
    start = f"{{{_VERSION}"

    def ending(piece: Callable[[int], str]) -> Text:
        return lambda size: f"{start},{piece(size)}}}".encode()

    def repeat(one: str) -> Callable[[int], str]:
        return lambda size: ",".join([one] * (size // (len(one) + 1)))

    yield "unknown string", ending(lambda size: f'"x":"{"y" * size}"')
    yield "unknown escapes", ending(lambda size: '"x":"' + "\\u00e9" * (size // 6) + '"')
    yield "unknown line breaks", ending(lambda size: '"x":"' + "\\n" * (size // 2) + '"')
    yield "unknown surrogates", ending(lambda size: '"x":"' + "\\ud83d\\ude00" * (size // 12) + '"')
    yield "unknown halves", ending(lambda size: '"x":"' + "\\ud800" * (size // 6) + '"')
    yield "unknown wide string", ending(lambda size: '"x":"' + "\U0001f600" * (size // 4) + '"')
    yield (
        "bytes that are no UTF-8",
        lambda size: start.encode() + b',"x":"' + b"\xff" * size + b'"}',
    )
    yield "unknown list", ending(lambda size: f'"x":{_many("[]")(size)}')
    yield "unknown objects", ending(lambda size: f'"x":{_many("{}")(size)}')
    yield "unknown numbers", ending(lambda size: f'"x":{_many("1")(size)}')
    yield "unknown fractions", ending(lambda size: f'"x":{_many("0.1")(size)}')
    yield "unknown nulls", ending(lambda size: f'"x":{_many("null")(size)}')
    yield "one number", ending(lambda size: f'"x":{"1" * size}')
    yield "one fraction", ending(lambda size: f'"x":0.{"1" * size}')
    yield (
        "unknown keys",
        ending(lambda size: ",".join(f'"k{number}":0' for number in range(size // 12))),
    )
    yield "one key again", ending(repeat('"x":0'))
    yield "a known key again", ending(repeat('"storage":null'))
    yield "folded keys", ending(repeat('"Storage":{}'))
    yield (
        "unknown keys below",
        _within(("storage", "files"), lambda size: "[" + repeat('{"path":"/a","x":1}')(size) + "]"),
    )
    yield "a long key", ending(lambda size: f'"{"k" * size}":0')
    yield "deep lists", ending(lambda size: f'"x":{_towers("[", "]", size)}')
    yield "deep objects", ending(lambda size: f'"x":{_towers(_NEST, "}", size)}')
    yield "too deep", ending(lambda size: f'"x":{"[" * size}')
    yield "cut off", lambda size: ending(lambda size: f'"x":{_many("[]")(size)}')(size)[:-3]
    yield "trailing text", lambda size: f"{start}}}{' ' * size}x".encode()
    yield "white space", lambda size: f"{start}{' ' * size}}}".encode()
    yield "lines", lambda size: f"{start}{chr(10) * size}}}".encode()
    yield (
        "lines and findings",
        lambda size: (
            f"{start},\n" + ",\n".join(f'"k{number}":0' for number in range(size // 13)) + "}"
        ).encode(),
    )
    yield "no JSON", lambda size: b"x: y\n" * (size // 5)
    yield "nothing but zeros", lambda size: b"\0" * size
    yield (
        "one wrong type",
        _within(("storage", "files"), lambda size: f"{_many('{}')(size)[:-1]},1]"),
    )
    for kind, item in (
        ("duplicates", '{"path":"/a"}'),
        ("wrong modes", '{"path":"/a","mode":-1}'),
        ("wrong URLs", '{"path":"/a","contents":{"source":"x:"}}'),
    ):
        yield kind, _within(("storage", "files"), _many(item))
    yield "files", _within(("storage", "files"), _numbered('{"path":"/d%d/f","mode":420}'))
    yield "links", _within(("storage", "links"), _numbered('{"path":"/l%d","target":"/a"}'))
    yield (
        "folders in folders",
        _within(
            ("storage", "directories"),
            lambda size: json.dumps([{"path": path} for path in _deeper(size)]),
        ),
    )
    yield "users", _within(("passwd", "users"), _numbered('{"name":"u%d"}'))
    yield "units", _within(("systemd", "units"), _numbered('{"name":"u%d.service","enabled":true}'))
    yield (
        "partitions",
        _within(
            ("storage", "disks"),
            lambda size: (
                '[{"device":"/dev/a","partitions":'
                + _numbered('{"number":%d,"startMiB":%d,"sizeMiB":1}', 2)(size)
                + "}]"
            ),
        ),
    )


_NEST = '{"a":'


def _towers(opening: str, closing: str, size: int) -> str:
    """A list of values nested as deep as the parser allows."""
    high = 9990
    tower = opening * high + ("0" if opening == _NEST else "") + closing * high
    return f"[{','.join([tower] * max(1, size // len(tower)))}]"


def _deeper(size: int) -> Iterator[str]:
    path, made = "", 0
    while made < size:
        path = f"{path}/d" if len(path) < 200 else "/d"
        made += len(path) + 12
        yield f"{path}{made}"


def _numbered(item: str, times: int = 1) -> Callable[[int], str]:
    def items(size: int) -> str:
        count = size // (len(item) + 4 * times)
        return "[" + ",".join(item % ((number + 1,) * times) for number in range(count)) + "]"

    return items


def _bodies() -> Iterator[tuple[str, Text]]:
    """Shapes of file contents and unit files."""

    def url(head: str, body: Callable[[int], str]) -> Text:
        file = '{"path":"/a","contents":{"source":"%s"}}'
        return _within(("storage", "files"), lambda size: f"[{file % (head + body(size))}]")

    yield "plain data URL", url("data:,", lambda size: "x" * size)
    yield "escaped data URL", url("data:,", lambda size: "%41" * (size // 3))
    yield "escaped data URL with a slip", url("data:,", lambda size: "%41" * (size // 3) + "%4")
    yield "base64 data URL", url("data:;base64,", lambda size: "QUFB" * (size // 4))
    yield "base64 with a slip", url("data:;base64,", lambda size: "QUFB" * (size // 4) + "=")
    yield "parameters of a data URL", url("data:a/b", lambda size: ";a=b" * (size // 4) + ",")
    yield "a long parameter", url("data:text/plain;a=", lambda size: "b" * size + ",")
    yield "query of a URL", url("http://a/?", lambda size: "a=b&" * (size // 4))
    yield "versions of an object", url("s3://a/b?", lambda size: "versionId=&" * (size // 11))
    yield "path of a URL", url("http://a/", lambda size: "%41" * (size // 3))
    for name, piece in (
        ("sections of a unit", "[Unit]\\n"),
        ("settings of a unit", "A=b\\n"),
        ("a continued setting", "b\\\\\\n"),
        ("comments of a unit", "#\\n"),
    ):
        yield name, _within(("systemd", "units"), _unit(piece))


def _unit(piece: str) -> Callable[[int], str]:
    head = '[{"name":"a.service","enabled":true,"contents":"[Unit]\\nA='
    return lambda size: f'{head}{piece * (size // len(piece))}"}}]'


def _references() -> Iterator[tuple[str, Text]]:
    """Shapes of configs that contain configs."""
    one = ("ignition", "config", "replace", "source")
    packed = ("ignition", "config", "replace")
    merge = ("ignition", "config", "merge")

    def inner(size: int) -> str:
        paths = _numbered('{"path":"/d%d/f"}')(size)
        return f'{{{_VERSION},"storage":{{"files":{paths}}}}}'

    def members(size: int) -> bytes:
        return b"".join(map(gzip.compress, [b" "] * (size * 3 // 4 // 22)))

    def many(size: int) -> str:
        return ",".join(
            f'{{"source":"{_url(_file(number))}"}}' for number in range(min(4000, size // 190))
        )

    yield "replace by one config", _within(one, lambda size: f'"{_url(inner(size * 3 // 4))}"')
    yield (
        "merge of one config",
        _within(merge, lambda size: f'[{{"source":"{_url(inner(size * 3 // 4))}"}}]'),
    )
    yield "merge of many configs", _within(merge, lambda size: f"[{many(size)}]")
    yield (
        "gzip with many members",
        _within(
            packed,
            lambda size: (
                f'{{"compression":"gzip","source":"{_packed(members(size) + gzip.compress(_SMALL))}"}}'
            ),
        ),
    )


_SMALL = f"{{{_VERSION}}}".encode()


def _file(number: int) -> str:
    return f'{{{_VERSION},"storage":{{"files":[{{"path":"/f{number}"}}]}}}}'


def _url(text: str) -> str:
    return _packed(text.encode())


def _packed(data: bytes) -> str:
    return "data:;base64," + base64.b64encode(data).decode()
