# SPDX-License-Identifier: Apache-2.0
"""What the lint rules look at: one config that was read, with its units and inline file bodies taken out.

Everything here is found once and shared by the rules; positions are computed only for findings.
"""

from __future__ import annotations

import zlib
from functools import cached_property

from ignition.base.gunzip import Gunzip
from ignition.config import dataurl, document
from ignition.lint.embedded import Embedded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from ignition.config.document import Document
    from ignition.lint.inventory import Inventory

    T = TypeVar("T")

    Path = tuple[str | int, ...]

# What a boot keeps of a config or certificate in memory; a few bytes of gzip may claim to be more.
_DECOMPRESSED_MAX = 64 << 20


class Body:
    """One inline piece of content (a file's contents or append part, a key file, a referenced config).

    resource     the object with source, compression, verification
    path         leads to it
    raw          the bytes of its data URL
    data         the same, decompressed; None if that cannot be done, or if they are far too many
    damaged      whether they are not what `compression` says
    """

    __slots__ = ("damaged", "data", "path", "raw", "resource")

    def __init__(self, resource: dict[str, Any], path: Path, raw: bytes) -> None:
        self.resource = resource
        self.path = path
        self.raw = raw
        self.data: bytes | None = raw
        self.damaged = False
        if self.compressed:
            try:
                self.data = gunzip(raw)
            except ValueError:
                self.data, self.damaged = None, True

    @property
    def compressed(self) -> bool:
        return self.resource.get("compression") == "gzip"

    def text(self, name: str) -> Embedded | None:
        """The body as a text that knows its place in the config; None if it is no text."""
        if self.data is None or b"\0" in self.data:
            return None
        try:
            text = self.data.decode("utf-8")
        except UnicodeDecodeError:
            return None
        url = self.resource["source"]
        opaque = self.compressed or url[: url.index(",")].endswith(";base64")
        return Embedded(name, (*self.path, "source"), text, url, opaque=opaque)


def inline_body(resource: dict[str, Any], path: Path) -> Body | None:
    """The inline content of a resource; None if its source is no data URL, or a broken one."""
    source = resource.get("source")
    if not source or not source.startswith("data:"):
        return None
    try:
        raw = dataurl.decode(source)
    except dataurl.DataUrlError:
        return None
    return Body(resource, path, raw)


def gunzip(raw: bytes) -> bytes | None:
    """Decompressed bytes; None if there are too many. ValueError if these are not gzip, or not whole."""
    stream = Gunzip()
    data = bytearray()
    try:
        for piece in stream.feed(raw):
            data += piece
            if len(data) >= _DECOMPRESSED_MAX:
                return None
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not stream.whole:
        raise ValueError("cut off")
    return bytes(data)


class File:
    """A file of the config with its inline bodies: contents, then appended parts."""

    __slots__ = ("bodies", "item", "path", "target")

    def __init__(self, item: dict[str, Any], path: Path) -> None:
        self.item = item
        self.path = path
        self.target: str = item.get("path", "")
        bodies = [inline_body(item["contents"], (*path, "contents"))] if "contents" in item else []
        for index, part in enumerate(item.get("append", ())):
            bodies.append(inline_body(part, (*path, "append", index)))
        self.bodies = [body for body in bodies if body is not None]

    @property
    def mode(self) -> int:
        """The mode that the file will have: 0644 unless said."""
        mode: int = self.item.get("mode", 0o644)
        return mode


class Unit:
    """A unit with its texts. `text` is None where it has none; `dropins` are those with a text."""

    __slots__ = ("dropins", "item", "name", "path", "text")

    def __init__(self, item: dict[str, Any], path: Path) -> None:
        self.item = item
        self.path = path
        self.name: str = item.get("name", "")
        contents = item.get("contents")
        self.text = Embedded(self.name, (*path, "contents"), contents) if contents else None
        self.dropins = [
            Embedded(
                f"{self.name}.d/{dropin.get('name', '')}",
                (*path, "dropins", index, "contents"),
                dropin["contents"],
            )
            for index, dropin in enumerate(item.get("dropins", ()))
            if dropin.get("contents")
        ]


class Subject:
    """A config as the rules see it.

    data     its text
    value    its canonical value, in the spec version that it is written in
    inventory  what this config, the ones around it and the ones in it bring; set before the rules run
    platform the platform that its size is held against; "" for none, and for configs inside others
    in_doubt whether the quick reader left it to the exact one
    """

    def __init__(
        self,
        data: bytes,
        source: str,
        value: dict[str, Any],
        inventory: Inventory,
        *,
        text: Document | None = None,
        platform: str = "",
    ) -> None:
        self.data = data
        self.source = source
        self.value = value
        self.inventory = inventory
        self.platform = platform
        self._text = text
        self.in_doubt = text is not None
        self._known: dict[str, Any] = {}

    def cached(self, what: str, find: Callable[[Subject], T]) -> T:
        """What a function finds in this config, found once."""
        if what not in self._known:
            self._known[what] = find(self)
        found: T = self._known[what]
        return found

    @property
    def document(self) -> Document:
        """Its text as a tree; read when the first finding needs a place."""
        if self._text is None:
            self._text = document.parse(self.data, self.source)
        return self._text

    def items(self, section: str, kind: str) -> Iterator[tuple[dict[str, Any], Path]]:
        """The items of a list such as storage.files, each with its path."""
        for index, item in enumerate(self.value.get(section, {}).get(kind, ())):
            yield item, (section, kind, index)

    def nodes(self) -> Iterator[tuple[dict[str, Any], Path]]:
        """Files, directories and links."""
        for kind in ("directories", "files", "links"):
            yield from self.items("storage", kind)

    @cached_property
    def files(self) -> list[File]:
        return [File(item, path) for item, path in self.items("storage", "files")]

    @cached_property
    def units(self) -> list[Unit]:
        return [Unit(item, path) for item, path in self.items("systemd", "units")]

    @cached_property
    def key_files(self) -> list[tuple[dict[str, Any], Path]]:
        """Key files of LUKS volumes, as resources."""
        return [
            (item["keyFile"], (*path, "keyFile"))
            for item, path in self.items("storage", "luks")
            if "keyFile" in item
        ]

    @cached_property
    def authorities(self) -> list[tuple[dict[str, Any], Path]]:
        """Certificate authorities, as resources."""
        tls = self.value.get("ignition", {}).get("security", {}).get("tls", {})
        return [
            (item, ("ignition", "security", "tls", "certificateAuthorities", index))
            for index, item in enumerate(tls.get("certificateAuthorities", ()))
        ]

    @cached_property
    def references(self) -> list[tuple[dict[str, Any], Path]]:
        """The configs that this one refers to, as resources, in the order in which they count."""
        return references(self.value)

    def defines_whole_unit(self, unit: str) -> bool:
        """Whether all that configs say about a unit stands in this one."""
        return self.inventory.complete and self.inventory.unit_entries.get(unit, 0) <= 1

    def resources(self) -> Iterator[tuple[dict[str, Any], Path]]:
        """Everything with a source."""
        yield from self.references
        yield from self.authorities
        for item, path in self.items("storage", "files"):
            if "contents" in item:
                yield item["contents"], (*path, "contents")
            for index, part in enumerate(item.get("append", ())):
                yield part, (*path, "append", index)
        yield from self.key_files


def references(value: dict[str, Any]) -> list[tuple[dict[str, Any], Path]]:
    """The configs that a config refers to. One that replaces it makes it ignore all others."""
    config = value.get("ignition", {}).get("config", {})
    replace = config.get("replace", {})
    if "source" in replace:
        return [(replace, ("ignition", "config", "replace"))]
    return [
        (item, ("ignition", "config", "merge", index))
        for index, item in enumerate(config.get("merge", ()))
    ]
