# SPDX-License-Identifier: Apache-2.0
"""Hard links: made after all other entries, a link to another config link after that one."""

from __future__ import annotations

import os
from stat import S_ISLNK, S_ISREG

from ignition.base.errors import Failure, Refused
from ignition.base.log import quote

from .entries import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.engine.machine import Machine
    from ignition.system.folder import Folder
    from ignition.system.root import Root

    from .entries import Entry


def make_all(links: list[Entry], root: Root, machine: Machine, log: Log) -> None:
    """Makes the links in the order of the config, but one whose target is missing after that target, where
    the target is a later link."""
    waiting = {link.path: link for link in links}
    while waiting:
        chain: list[tuple[Entry, str]] = []
        path = next(iter(waiting))
        while path in waiting:
            link = waiting.pop(path)
            path = _target_of(link, root)
            chain.append((link, path))
            if root.lstat(path) is not None:
                break
        for link, target in reversed(chain):
            try:
                _make(link, target, root, log)
            except Failure as failure:
                failure.origin = failure.origin or machine.origin(*link.place)
                raise


def _target_of(link: Entry, root: Root) -> str:
    """The resolved path of the target. A relative one counts from the root too, as in the original."""
    return root.resolve(clean(f"/{link.node.raw.get('target') or ''}"))


def _make(link: Entry, target: str, root: Root, log: Log) -> None:
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
        same = found is not None and _is_alike(found, wanted, folder, link.name, target)
        if found is not None and not link.node.overwrite and not same:
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


def _is_alike(
    found: os.stat_result, wanted: os.stat_result, folder: Folder, name: str, target: str
) -> bool:
    """Whether nothing is lost if the one goes for the other. So it is where an earlier run made the link, and
    this one has written its target anew."""
    attributes = [(one.st_mode, one.st_uid, one.st_gid, one.st_size) for one in (found, wanted)]
    if attributes[0] != attributes[1]:
        return False
    parent, _, target_name = target.rpartition("/")
    with folder.root.folder(parent) as source:
        if S_ISLNK(found.st_mode):
            return folder.readlink(name) == source.readlink(target_name)
        return S_ISREG(found.st_mode) and folder.read(name, found.st_size) == source.read(
            target_name, found.st_size
        )


def _link(folder: Folder, name: str, target: str, root: Root) -> None:
    parent, _, target_name = target.rpartition("/")
    with root.folder(parent) as source:
        folder.hard_link(name, source, target_name)
