# SPDX-License-Identifier: Apache-2.0
"""Hard links: made after all other entries, a link to another config link after that one."""

from __future__ import annotations

import os

from ignition.base.errors import Failure, Refused
from ignition.base.log import quote

from .entries import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.system.folder import Folder
    from ignition.system.root import Root

    from .entries import Entry


def target_of(link: Entry, root: Root) -> str:
    """The resolved path of the target. A relative one counts from the root too, as in the original."""
    return root.resolve(clean(f"/{link.node.raw.get('target') or ''}"))


def in_order(links: list[Entry], root: Root) -> list[tuple[Entry, str]]:
    """The links with their targets, each after the link that it points to."""
    targets = {link.path: target_of(link, root) for link in links}
    by_path = {link.path: link for link in links}
    ordered: dict[str, Entry] = {}
    for path in by_path:
        chain = []
        while path in by_path and path not in ordered and path not in chain:
            chain.append(path)
            path = targets[path]
        for made in reversed(chain):
            ordered[made] = by_path[made]
    return [(link, targets[path]) for path, link in ordered.items()]


def make(link: Entry, target: str, root: Root, log: Log) -> None:
    """Gives the target a second name. A symlink is linked itself, not what it leads to."""
    with root.folder(link.folder) as folder:
        path = folder.show(link.name)
        wanted = root.lstat(target)
        if wanted is None:
            raise Failure(
                "IGN3109",
                f"error creating hard link {path}: target does not exist: {root.show(target)}",
                hint="a hard link needs an existing target, whose path is taken from the root",
            )
        found = folder.lstat(link.name)
        if found is not None and os.path.samestat(found, wanted):
            log.info(f"Hardlink {path} to {root.show(target)} already exists, doing nothing")
            return
        if found is not None and not link.node.overwrite:
            raise Refused(
                "IGN3108",
                f"error creating hard link {path}: a file already exists at that path but is not the"
                " target and overwrite is false",
                hint="set overwrite to true to replace it, or leave the link out",
            )
        log.info(f"writing link {quote(path)} -> {quote(root.show(target))}")
        if found is not None:
            folder.remove(link.name)
        _link(folder, link.name, target, root)


def _link(folder: Folder, name: str, target: str, root: Root) -> None:
    parent, _, target_name = target.rpartition("/")
    with root.folder(parent) as source:
        folder.hard_link(name, source, target_name)
