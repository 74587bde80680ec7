# SPDX-License-Identifier: Apache-2.0
"""Where the files, directories and links of a config come to lie, once symlinks of the target are chased.

All paths are resolved before the first entry is made, as in the original: links that the config itself makes
do not move its other entries.
"""

from __future__ import annotations

from ignition.base.errors import Failure, Refused, combine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.config.model import Directory, File, Link, Storage
    from ignition.engine.context import PhaseContext
    from ignition.system.root import Root

    Node = Directory | File | Link

DIRECTORY = "directory"
FILE = "file"
LINK = "link"


class Entry:
    """One file, directory or link. `folder` and `name` are where it really goes, inside the root.

    `place` is its path in the config, as `PhaseContext.origin` takes it. Ten thousand of these are made in
    one run, which is why it is not a record.
    """

    __slots__ = ("folder", "kind", "name", "node", "place")

    def __init__(
        self, kind: str, node: Node, place: tuple[str | int, ...], folder: str, name: str
    ) -> None:
        self.kind = kind
        self.node = node
        self.place = place
        self.folder = folder
        self.name = name

    @property
    def path(self) -> str:
        """Its resolved path."""
        return f"{self.folder}/{self.name}"


def of_config(storage: Storage, root: Root, context: PhaseContext) -> list[Entry]:
    """All entries: directories, then files, then links, each in the order of the config.

    Refused (IGN3101) for two that lie at the same place.
    """
    folders: dict[str, str] = {}
    taken: dict[str, Entry] = {}
    clashes: list[Failure] = []
    for kind, node, place in _nodes(storage):
        parent, _, name = node.path.rpartition("/")
        folder = folders.get(parent)
        if folder is None:
            folder = folders[parent] = root.resolve_folder(parent)
        # The entry for "/" itself has no name; in its folder it is called ".".
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
        context.origin(*entry.place, "path"),
        hint=f"leave one of them out; the other is {context.origin(*other.place)}",
    )
