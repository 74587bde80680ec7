# SPDX-License-Identifier: Apache-2.0
"""Hard links: made after all other entries. A link to another link of the config is made after that link."""

from __future__ import annotations

import os
from stat import S_ISDIR

from ignition.base.errors import Failure, Refused
from ignition.base.log import quote

from ..common.paths import clean
from .earlier_runs import FINISHED, UNFINISHED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.engine.context import PhaseContext
    from ignition.system.root import Root

    from .earlier_runs import EarlierRuns
    from .entries import Entry


def create_all(
    links: list[Entry], root: Root, context: PhaseContext, earlier: EarlierRuns, log: Log
) -> None:
    """Makes the links in the order of the config. A missing target that is a later link is made first."""
    waiting = {link.path: link for link in links}
    for first in links:
        chain: list[tuple[Entry, str]] = []
        path = first.path
        while path in waiting:
            link = waiting.pop(path)
            path = _target_path(link, root)
            chain.append((link, path))
            if root.lstat(path) is not None:
                break
        for link, target in reversed(chain):
            try:
                _make(link, target, root, earlier, log)
            except Failure as failure:
                failure.add_origin(context.origin(*link.config_path))
                raise


def is_own(link: Entry, found: os.stat_result, root: Root, earlier: EarlierRuns) -> bool:
    """Whether an earlier run of this config made what exists at the path of a link.

    Call it before the first entry is made, since that may replace the target.
    """
    maker = earlier.maker(link.path)
    if maker == FINISHED:
        target = root.lstat(_target_path(link, root))
        if target is not None and os.path.samestat(found, target):
            earlier.intact_links.add(link.path)
    return maker == UNFINISHED or link.path in earlier.intact_links


def _target_path(link: Entry, root: Root) -> str:
    """The resolved path of the target. Like Ignition, takes a relative one from the root."""
    return root.resolve(clean(f"/{link.link.target or ''}"))


def _make(link: Entry, target: str, root: Root, earlier: EarlierRuns, log: Log) -> None:
    """Links the target; a symlink itself, not what it points to."""
    with root.folder(link.folder) as folder:
        path = folder.full_path(link.name)
        wanted = root.lstat(target)
        if wanted is None:
            raise Failure(
                "IGN3109",
                f"error creating hard link {path}: target does not exist: {root.full_path(target)}",
                hint="a hard link needs an existing target; its path starts at the target root",
            )
        found = folder.lstat(link.name)
        if found is not None and os.path.samestat(found, wanted):
            log.info(f"Hardlink {path} to {root.full_path(target)} already exists, doing nothing")
            return
        if (
            found is not None
            and not link.node.overwrite
            and not _is_replaceable(link, found, earlier)
        ):
            raise Refused(
                "IGN3108",
                f"error creating hard link {path}: a file already exists at that path but is not the"
                " target and overwrite is false",
                hint="set overwrite to true to replace it, or leave the link out",
            )
        if S_ISDIR(wanted.st_mode):
            raise Refused(
                "IGN3120",
                f"error creating hard link {path}: the target is a directory: {root.full_path(target)}",
                hint="leave out hard to make a symlink, or name a file",
            )
        log.info(f"writing link {quote(path)} -> {quote(root.full_path(target))}")
        parent, _, target_name = target.rpartition("/")
        with root.folder(parent) as source:
            folder.hard_link(link.name, source, target_name)


def _is_replaceable(link: Entry, found: os.stat_result, earlier: EarlierRuns) -> bool:
    """Whether an earlier run made the link, perhaps to a file that was rewritten since."""
    if S_ISDIR(found.st_mode):  # so it is no hard link
        return False
    return earlier.maker(link.path) == UNFINISHED or link.path in earlier.intact_links
