# SPDX-License-Identifier: Apache-2.0
"""Removing trees."""

from __future__ import annotations

import os

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(name: str, folder: int) -> None:
    """As `rm -rf`, without recursion: a tree may be deeper than Python's stack."""
    open_folders = [(os.dup(folder), name)]
    try:
        while open_folders:
            above, name = open_folders[-1]
            below = os.open(name, _FOLDER, dir_fd=above)
            open_folders.append((below, ""))
            subfolder = _empty(below)
            if subfolder is not None:
                open_folders[-1] = (below, subfolder)
                continue
            open_folders.pop()
            os.close(below)
            os.rmdir(name, dir_fd=above)
            os.close(above)
            open_folders.pop()
    finally:
        for fileno, _ in open_folders:
            os.close(fileno)


def _empty(folder: int) -> str | None:
    """Removes the files of a folder; the name of one folder in it, if there is one."""
    with os.scandir(folder) as listing:
        entries = list(listing)  # removing while reading may skip some
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            return entry.name
        os.unlink(entry.name, dir_fd=folder)
    return None
