# SPDX-License-Identifier: Apache-2.0
"""Which configs the words of a command line stand for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from stat import S_ISREG

from ignition.base.errors import Failure

_GLOB = "*?["
_HINT = "name a config; the names of those in folders end in .ign"
_FEW_NAMES, _MANY_NAMES = 5, 1000


def paths(words: list[str]) -> list[str]:
    """The files that words name, each once and in their order: a file itself, a folder the *.ign files
    in and below it, sorted, a pattern what fits it, sorted; `-` stays.

    Failure (IGN6310) for a pattern or folder in which there is nothing.
    """
    found: dict[str, None] = {}
    for word in words:
        found.update(dict.fromkeys(_files(word)))
    return list(found)


def _files(word: str) -> list[str]:
    if word != "-" and os.path.isdir(word):
        files = list(_configs(word))
        return files or _some([], f"no *.ign files in {word}", _lying_in(word))
    if any(character in word for character in _GLOB) and not os.path.lexists(word):
        import glob

        return _some(
            [
                file
                for match in sorted(glob.glob(word, recursive=True))
                for file in (_configs(match) if os.path.isdir(match) else (match,))
            ],
            f"nothing fits {word}",
        )
    return [word]


def _configs(folder: str) -> Iterator[str]:
    closed: list[str] = []
    for here, folders, files in os.walk(
        folder, onerror=lambda error: closed.append(str(error.filename))
    ):
        folders.sort()
        for file in sorted(files):
            path = os.path.join(here, file)
            if file.endswith(".ign") and not _is_special(path):
                yield path
    # Who reads them finds out why that is not possible.
    yield from closed


def _is_special(path: str) -> bool:
    """Whether it is a pipe, a socket or a device: in a folder those are no configs, and may never end."""
    try:
        return not S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _lying_in(folder: str) -> str:
    """What a folder has instead of configs, and what to do about it."""
    names = []
    for here, folders, files in os.walk(folder):
        folders.sort()
        names += [os.path.relpath(os.path.join(here, file), folder) for file in sorted(files)]
        if len(names) > _MANY_NAMES:
            break
    if not names:
        return "there are no files at all in it"
    shown = ", ".join(names[:_FEW_NAMES]) + (", ..." if len(names) > _FEW_NAMES else "")
    sources = [name for name in names if name.endswith((".bu", ".butane", ".yaml", ".yml"))]
    if sources:
        return f"there is {shown}: turn Butane into configs first (butane --strict {sources[0]})"
    return f"there is {shown}: name the configs, or let their names end in .ign"


def _some(files: list[str], nothing: str, hint: str = _HINT) -> list[str]:
    if not files:
        raise Failure("IGN6310", nothing, hint=hint)
    return files
