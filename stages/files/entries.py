# SPDX-License-Identifier: Apache-2.0
"""The files, directories and links of a config with their resolved paths.

Like Ignition, we follow the target's symlinks before the first entry is made, so links that the config
creates don't redirect its other entries.
"""

from __future__ import annotations

from ignition.base.errors import Failure, Refused, combine
from ignition.config.model import Directory, File, Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.model import Storage
    from ignition.engine.context import PhaseContext
    from ignition.system.root import Root

    Node = Directory | File | Link

DIRECTORY = "directory"
FILE = "file"
LINK = "link"


class Entry:
    """One file, directory or link of the config. One run may have tens of thousands.

    folder, name  where it goes in the target root, once symlinks are followed
    config_path   where it is in the config, as `PhaseContext.origin` takes it
    has_contents  whether the config gives a file its contents; an empty source is empty contents
    appends       whether it extends an existing file; resources after contents are part of the contents
    """

    __slots__ = (
        "appends",
        "config_path",
        "folder",
        "has_contents",
        "is_hard_link",
        "kind",
        "name",
        "node",
    )

    def __init__(
        self, kind: str, node: Node, config_path: tuple[str | int, ...], folder: str, name: str
    ) -> None:
        self.kind = kind
        self.node = node
        self.config_path = config_path
        self.folder = folder
        self.name = name
        # Views would make a run with 10,000 files a fifth slower.
        raw = node.raw
        self.is_hard_link = kind == LINK and bool(raw.get("hard"))
        self.has_contents = kind == FILE and "source" in raw.get("contents", ())
        self.appends = kind == FILE and not self.has_contents and bool(raw.get("append"))

    @property
    def path(self) -> str:
        """Its resolved path."""
        return f"{self.folder}/{self.name}"

    @property
    def raw_resources(self) -> list[dict[str, Any]]:
        """The contents of a file, then what is appended to it, as JSON objects: for what each file passes."""
        raw = self.node.raw
        appended: list[dict[str, Any]] = raw.get("append") or []
        return [raw["contents"], *appended] if self.has_contents else appended

    @property
    def directory(self) -> Directory:
        """The node, if `kind` is DIRECTORY."""
        assert isinstance(self.node, Directory)
        return self.node

    @property
    def file(self) -> File:
        """The node, if `kind` is FILE."""
        assert isinstance(self.node, File)
        return self.node

    @property
    def link(self) -> Link:
        """The node, if `kind` is LINK."""
        assert isinstance(self.node, Link)
        return self.node


def resolve_all(storage: Storage, root: Root, context: PhaseContext) -> list[Entry]:
    """All entries: directories, then files, then links, each in the order of the config.

    Raises Refused IGN3101 for two entries with the same resolved path.
    """
    folders: dict[str, str] = {}
    taken: dict[str, Entry] = {}
    clashes: list[Failure] = []
    for kind, node, place in _nodes(storage):
        parent, _, name = node.path.rpartition("/")
        folder = folders.get(parent)
        if folder is None:
            folder = folders[parent] = root.resolve_folder(parent)
        # The entry for "/" has no name; as an entry of its folder it is ".".
        entry = Entry(kind, node, place, folder, name or ".")
        other = taken.setdefault(f"{folder}/{name}", entry)
        if other is not entry:
            clashes.append(_clash(entry, other, context))
    if clashes:
        raise combine(clashes)
    return list(taken.values())


def _nodes(storage: Storage) -> Iterator[tuple[str, Node, tuple[str | int, ...]]]:
    for index, directory in enumerate(storage.directories):
        yield DIRECTORY, directory, ("storage", "directories", index)
    for index, file in enumerate(storage.files):
        yield FILE, file, ("storage", "files", index)
    for index, link in enumerate(storage.links):
        yield LINK, link, ("storage", "links", index)


def _clash(entry: Entry, other: Entry, context: PhaseContext) -> Refused:
    return Refused(
        "IGN3101",
        f"{entry.kind} at {entry.node.path} resolved to {entry.path} after symlink chasing, but"
        f" another entry with path {other.node.path} also resolves there",
        context.origin(*entry.config_path, "path"),
        hint=f"leave one of them out; the other is {context.origin(*other.config_path)}",
    )
