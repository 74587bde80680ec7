# SPDX-License-Identifier: Apache-2.0
"""Removing trees."""

from __future__ import annotations

import errno
import os

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(name: str, folder: int) -> None:
    """`rm -rf`, iteratively: a tree may be deeper than Python's stack and than the number of file
    descriptors. Each folder is listed once."""
    here = os.open(name, _FOLDER, dir_fd=folder)
    try:
        way = [(name, _identity(here), _empty(here))]
        while True:
            _, _, todo = way[-1]
            if todo:
                inner = todo.pop()
                here = _move(here, inner)
                way.append((inner, _identity(here), _empty(here)))
                continue
            emptied, _, _ = way.pop()
            if not way:
                break
            here = _move(here, "..")
            if _identity(here) != way[-1][1]:  # moved meanwhile: not the parent we came from
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), emptied)
            os.rmdir(emptied, dir_fd=here)
    finally:
        os.close(here)
    os.rmdir(name, dir_fd=folder)


def _move(here: int, name: str) -> int:
    there = os.open(name, _FOLDER, dir_fd=here)
    os.close(here)
    return there


def _identity(folder: int) -> tuple[int, int]:
    found = os.fstat(folder)
    return found.st_dev, found.st_ino


def _empty(folder: int) -> list[str]:
    """Removes all files in a folder. Returns the names of its subfolders."""
    with os.scandir(folder) as listing:
        entries = list(listing)  # deleting during readdir may skip entries
    folders = []
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry.name)
        else:
            os.unlink(entry.name, dir_fd=folder)
    return folders
