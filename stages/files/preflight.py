# SPDX-License-Identifier: Apache-2.0
"""Finds refusals before the first entry is made, so that they don't leave a target half provisioned.

It runs while planning, and again once the accounts are made, because these create and move files.
"""

from __future__ import annotations

from stat import S_ISDIR

from ignition.base.errors import Failure, Refused

from ..common.paths import above
from . import contents, decisions
from .earlier_runs import UNFINISHED
from .owners import GROUP, USER, Owners, has_owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from ignition.config.model import Config, Passwd
    from ignition.engine.context import PhaseContext
    from ignition.system.folder import Folder
    from ignition.system.root import Root

    from .contents import FileContext
    from .entries import Entry

    Refuse = Callable[[Failure], None]


def check(
    folders: dict[str, list[Entry]],
    config: Config,
    root: Root,
    shared: FileContext,
) -> list[str] | None:
    """Refuses every entry with an unknown owner or an occupied path that it may not overwrite.

    Returns what `occupied_paths` returns, or None if making the accounts may still change it.
    """
    _check_owners(folders, config.passwd, root, shared.context)
    if any(user.should_exist is False or user.home_dir for user in config.passwd.users):
        return None  # homes may be removed or moved before files are written
    found = occupied_paths(folders, root, shared, shared.context.refuse)
    return None if config.passwd.users or config.passwd.groups else found


def occupied_paths(
    folders: dict[str, list[Entry]],
    root: Root,
    shared: FileContext,
    refuse: Refuse,
) -> list[str]:
    """The paths whose entries are only possible because an earlier run of this config made what exists there.

    Calls `refuse` for each entry that is not possible.
    """
    there: list[str] = []
    free: set[str] = set()  # missing folders that can be made
    cleared = {entry.path for group in folders.values() for entry in group if entry.node.overwrite}
    for path, group in folders.items():
        if cleared and any(ancestor in cleared for ancestor in above(path)):
            continue
        folder = root.existing_folder(path)
        if folder is not None:
            with folder:
                there += _occupied_in(root, folder, group, shared, refuse)
        elif free.isdisjoint(above(path)):
            top = root.first_missing(f"{path}/.")
            blocking = top.rpartition("/")[0]
            found = root.lstat(blocking)
            if found is None or S_ISDIR(found.st_mode):
                free.add(top)
            else:
                refuse(_blocked(path, blocking, group[0], root, shared.context))
    return there


def _blocked(path: str, blocking: str, entry: Entry, root: Root, context: PhaseContext) -> Refused:
    """The refusal of a folder that cannot be made: something else is in its place, or that of a parent."""
    return Refused(
        "IGN3003",
        f"cannot create the folder {root.full_path(path)}: {root.full_path(blocking)} is not a directory",
        context.origin(*entry.config_path),
        hint=f"make {blocking} a directory with overwrite, or use another path",
    )


def _check_owners(
    folders: dict[str, list[Entry]], passwd: Passwd, root: Root, context: PhaseContext
) -> None:
    users = {user.name for user in passwd.users if user.should_exist is not False}
    groups = {group.name for group in passwd.groups if group.should_exist is not False}
    # A new user brings a group of the same name.
    coming = {USER: users, GROUP: groups | users}
    owners = Owners(root)
    for entries in folders.values():
        for entry in entries:
            if has_owner(entry.node) and not entry.is_hard_link:
                for failure in owners.unknown_owners(entry.node, coming):
                    failure.origin = context.origin(*entry.config_path)
                    context.refuse(failure)


def _occupied_in(
    root: Root,
    folder: Folder,
    group: list[Entry],
    shared: FileContext,
    refuse: Refuse,
) -> Iterator[str]:
    names = folder.names() | {"."}
    for entry in group:
        if entry.name in names:
            try:
                found = folder.lstat(entry.name)
                if found is not None and _stays(entry, root, folder, found, shared):
                    yield entry.path
            except Failure as failure:
                failure.add_origin(shared.context.origin(*entry.config_path))
                refuse(failure)


def _stays(
    entry: Entry, root: Root, folder: Folder, found: os.stat_result, shared: FileContext
) -> bool:
    if entry.node.overwrite:
        if S_ISDIR(found.st_mode):
            folder.check_removable(entry.name)
        return False
    if entry.is_hard_link:
        from . import hardlinks

        return not hardlinks.is_own(entry, found, root, shared.earlier)
    if decisions.decide(entry, folder, found) != decisions.RESUME:
        return False
    maker = shared.earlier.maker(entry.path)
    contents.refuse_foreign(entry, folder, found, maker, shared.spooled)
    return maker != UNFINISHED
