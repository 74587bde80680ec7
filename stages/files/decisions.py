# SPDX-License-Identifier: Apache-2.0
"""Decides what to do about an entry whose path may be occupied, and makes directories and symlinks.

docs/behaviour/files.md has the table.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISLNK, S_ISREG

from ignition.base.errors import Refused
from ignition.base.log import quote
from ignition.system.folder import KEEP

from ..common.paths import clean
from .entries import DIRECTORY, FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.system.folder import Folder

    from .entries import Entry
    from .owners import Owners

MAKE = "make"  # nothing exists
REPLACE = "replace"  # remove what exists
KEEP_NODE = "keep"  # owner and mode may change
RESUME = "resume"  # a file that only an earlier run of this config may have left
NOTHING = "nothing"  # it is as wanted

MODE_OF_FILE = 0o644


def decide(entry: Entry, folder: Folder, found: os.stat_result | None) -> str:
    """The action for an entry that is not a hard link. Raises Refused if it needs `overwrite`."""
    if found is None:
        return MAKE
    if entry.node.overwrite:
        return REPLACE
    path = folder.full_path(entry.name)
    if entry.kind == FILE:
        if not S_ISREG(found.st_mode):
            raise _refused("IGN3104", f'"{path}": A non regular file exists there already', "file")
        return RESUME if entry.has_contents else KEEP_NODE
    if entry.kind == DIRECTORY:
        if not S_ISDIR(found.st_mode):
            raise _refused("IGN3105", f"{path}: A non-directory already exists", "directory")
        return KEEP_NODE
    if not S_ISLNK(found.st_mode):
        raise _refused("IGN3107", f"{path}: a non-symlink already exists at that path", "symlink")
    return _decide_symlink(entry, folder.readlink(entry.name) or "", path)


def _decide_symlink(entry: Entry, text: str, path: str) -> str:
    target = entry.link.target or ""
    if clean(text) == clean(target):
        return NOTHING
    raise _refused(
        "IGN3106",
        f"{path}: a symlink exists at that path but points to {text}, not {target}",
        "symlink",
    )


def _refused(code: str, why: str, kind: str) -> Refused:
    return Refused(
        code,
        f"error creating {kind} {why} and overwrite is false",
        hint="set overwrite to true to replace it, or leave the entry out",
    )


def file_exists(folder: Folder, name: str) -> Refused:
    """The refusal to overwrite an existing file."""
    return _refused("IGN3103", f'"{folder.full_path(name)}": A file exists there already', "file")


def make_directory(entry: Entry, folder: Folder, action: str, owners: Owners, log: Log) -> None:
    """Makes a directory, or sets owner and mode of an existing one."""
    name, directory = entry.name, entry.directory
    uid, gid = owners.of(directory)
    mode = directory.mode
    found = folder.lstat(name)
    if action == KEEP_NODE and found is not None:
        if folder.set_attributes(name, found, mode, uid, gid):
            log.info(f"set owner and mode of directory {quote(folder.full_path(name))}")
        return
    log.info(f"creating directory {quote(folder.full_path(name))}")
    if action == REPLACE:
        folder.remove(name)
    folder.make_folder(name, mode, uid, gid)


def make_symlink(entry: Entry, folder: Folder, action: str, owners: Owners, log: Log) -> None:
    """Makes a symlink whose target is the config's string, unchanged."""
    name, link = entry.name, entry.link
    path, target = folder.full_path(name), link.target or ""
    if action == NOTHING:
        log.info(f"Symlink {path} to {target} already exists, doing nothing")
        return
    uid, gid = owners.of(link)
    log.info(f"writing link {quote(path)} -> {quote(target)}")
    if action == REPLACE:
        folder.remove(name)
    # Ignition gives a symlink without an owner the owner of its target. An id of -1 counts as an owner: root.
    folder.symlink(
        name,
        target,
        None if uid == KEEP and link.user.id is None else uid,
        None if gid == KEEP and link.group.id is None else gid,
    )
