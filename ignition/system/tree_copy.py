# SPDX-License-Identifier: Apache-2.0
"""Removes a tree if, and only if, everything in it also exists in another one."""

from __future__ import annotations

import os
from stat import S_IFMT, S_ISDIR, S_ISLNK, S_ISREG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.system.folder import Folder
    from ignition.system.root import Root

_PIECE = 1 << 20


def remove(root: Root, path: str, original: str, *, whole: bool = False) -> bool:
    """Removes the tree at `path` if it is a copy of `original`. Returns whether it is gone.

    The copy may be interrupted: files may be truncated; with `whole` they must be identical. An empty folder
    is a copy of a missing original.
    """
    path = root.resolve_folder(path)
    parent, _, name = path.rpartition("/")
    found = root.lstat(path)
    if found is None:
        return True
    if not name or not S_ISDIR(found.st_mode) or not _are_copies(root, path, original, whole):
        return False
    with root.folder(parent) as folder:
        folder.remove(name)
    return True


def _are_copies(root: Root, path: str, original: str, whole: bool) -> bool:
    todo = [""]
    while todo:
        inner = todo.pop()
        here = root.existing_folder(path + inner)
        if here is None:
            return False
        with here:
            names = here.names()
            there = root.existing_folder(original + inner)
            if there is None:
                if names:
                    return False
                continue
            with there:
                for name in names:
                    found, other = here.lstat(name), there.lstat(name)
                    if found is None or other is None or not _same_kind(found, other):
                        return False
                    if S_ISDIR(found.st_mode):
                        todo.append(f"{inner}/{name}")
                    elif not _same(here, there, name, found, whole):
                        return False
    return True


def _same_kind(one: os.stat_result, other: os.stat_result) -> bool:
    return S_IFMT(one.st_mode) == S_IFMT(other.st_mode) and one.st_rdev == other.st_rdev


def _same(here: Folder, there: Folder, name: str, found: os.stat_result, whole: bool) -> bool:
    if S_ISLNK(found.st_mode):
        return here.readlink(name) == there.readlink(name)
    return not S_ISREG(found.st_mode) or _begins(here, there, name, whole)


def _begins(here: Folder, there: Folder, name: str, whole: bool) -> bool:
    """Whether one file is a prefix of another; with `whole`, whether they are identical."""
    file, other = here.open(name), -1
    try:
        other = there.open(name)
        size, full = os.fstat(file).st_size, os.fstat(other).st_size
        if size > full or (whole and size != full):
            return False
        at = 0
        while at < size:
            piece = os.pread(file, min(_PIECE, size - at), at)
            if not piece or piece != os.pread(other, len(piece), at):
                return False
            at += len(piece)
        return True
    finally:
        os.close(file)
        if other >= 0:
            os.close(other)
