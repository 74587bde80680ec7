# SPDX-License-Identifier: Apache-2.0
"""The config that the lint rules check, with its units and inline files decoded.

Everything here is computed once and shared by the rules; positions are only computed for findings.
"""

from __future__ import annotations

import zlib
from functools import cached_property
from typing import TYPE_CHECKING

from ignition.base.gunzip import Gunzip
from ignition.config import dataurl, document
from ignition.lint.embedded import Embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from ignition.config.document import Document
    from ignition.lint.inventory import Inventory

    T = TypeVar("T")

    Path = tuple[str | int, ...]

# The engine's limit on configs and certificates in memory. A few bytes of gzip may expand to far more.
_DECOMPRESSED_MAX = 64 << 20


class Body:
    """Inline contents: a file, an appended part, a key file or a referenced config.

    resource     the object with source, compression, verification
    path         path of that object in the config
    raw          the bytes of its data URL
    data         the decompressed bytes; None if they are invalid or exceed the limit
    damaged      whether decompression failed
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
        """The contents as text; None if they are not UTF-8 text."""
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
    """The inline contents of a resource; None if its source is not a valid data URL."""
    source = resource.get("source")
    if not source or not source.startswith("data:"):
        return None
    try:
        raw = dataurl.decode(source)
    except dataurl.DataUrlError:
        return None
    return Body(resource, path, raw)


def gunzip(raw: bytes) -> bytes | None:
    """Decompresses data; None if it exceeds the limit. ValueError if it is not gzip or is truncated."""
    stream = Gunzip()
    data = bytearray()
    try:
        for piece in stream.feed(raw):
            data += piece
            if len(data) >= _DECOMPRESSED_MAX:
                return None
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not stream.complete:
        raise ValueError("cut off")
    return bytes(data)


class File:
    """A file with its inline bodies: contents, then appended parts. `target` is its path on the machine."""

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
        """The mode of the file, 0644 by default."""
        mode: int = self.item.get("mode", 0o644)
        return mode


class Unit:
    """A unit. `text` is None if it has no contents; `dropins` are the drop-ins with contents."""

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

    data       its text
    value      the decoded config, in its own spec version
    inventory  the names that this config and the configs around and inside it define
    platform   platform id whose size limit applies; "" for none, and for inline configs
    in_doubt   whether the fast reader rejected the config, so that the exact reader parsed it
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
        self._cache: dict[str, Any] = {}

    def cached(self, key: str, compute: Callable[[Subject], T]) -> T:
        """The cached result of a function on this config."""
        if key not in self._cache:
            self._cache[key] = compute(self)
        result: T = self._cache[key]
        return result

    @property
    def document(self) -> Document:
        """The parsed text with positions; parsed when the first finding needs it."""
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
        """Resources of LUKS key files."""
        return [
            (item["keyFile"], (*path, "keyFile"))
            for item, path in self.items("storage", "luks")
            if "keyFile" in item
        ]

    @cached_property
    def authorities(self) -> list[tuple[dict[str, Any], Path]]:
        """Resources of certificate authorities."""
        tls = self.value.get("ignition", {}).get("security", {}).get("tls", {})
        return [
            (item, ("ignition", "security", "tls", "certificateAuthorities", index))
            for index, item in enumerate(tls.get("certificateAuthorities", ()))
        ]

    @cached_property
    def references(self) -> list[tuple[dict[str, Any], Path]]:
        """Resources of referenced configs, in the order of precedence."""
        return references(self.value)

    def defines_whole_unit(self, unit: str) -> bool:
        """Whether all settings of a unit are known and in this config."""
        return self.inventory.complete and self.inventory.unit_entries.get(unit, 0) <= 1

    def resources(self) -> Iterator[tuple[dict[str, Any], Path]]:
        """All resources: objects with a source."""
        yield from self.references
        yield from self.authorities
        for item, path in self.items("storage", "files"):
            if "contents" in item:
                yield item["contents"], (*path, "contents")
            for index, part in enumerate(item.get("append", ())):
                yield part, (*path, "append", index)
        yield from self.key_files


def references(value: dict[str, Any]) -> list[tuple[dict[str, Any], Path]]:
    """Resources of the configs that a config references. With `replace`, the `merge` list is ignored."""
    config = value.get("ignition", {}).get("config", {})
    replace = config.get("replace", {})
    if "source" in replace:
        return [(replace, ("ignition", "config", "replace"))]
    return [
        (item, ("ignition", "config", "merge", index))
        for index, item in enumerate(config.get("merge", ()))
    ]
