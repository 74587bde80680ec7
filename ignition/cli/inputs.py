# SPDX-License-Identifier: Apache-2.0
"""Which configs the words of a command line stand for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from stat import S_ISREG

from ignition.base.errors import Failure
from ignition.lint.batch import read_file, unreadable_failure
from ignition.lint.result import STANDARD_INPUT

_GLOB = "*?["
_HINT = "name a config; the names of those in folders end in .ign"
_FEW_NAMES, _MANY_NAMES = 5, 1000


def expand_paths(args: list[str]) -> list[str]:
    """The files that words name, each once and in their order: a file itself, a folder the *.ign files
    in and below it, sorted, a pattern what fits it, sorted; `-` stays.

    Failure (IGN6310) for a pattern or folder in which there is nothing.
    """
    found: dict[str, None] = {}
    for word in args:
        found.update(dict.fromkeys(_expand(word)))
    return list(found)


def _expand(word: str) -> list[str]:
    if word != "-" and os.path.isdir(word):
        files = list(_configs(word))
        return files or _require_some([], f"no *.ign files in {word}", _describe_folder(word))
    if any(character in word for character in _GLOB) and not os.path.lexists(word):
        import glob

        return _require_some(
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


def _describe_folder(folder: str) -> str:
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


def _require_some(files: list[str], nothing: str, hint: str = _HINT) -> list[str]:
    if not files:
        raise Failure("IGN6310", nothing, hint=hint)
    return files


def read_config(path: str) -> tuple[bytes, str]:
    """The bytes of a config and the name to print for it; `-` is standard input.

    Failure (IGN6311, exit status 2) if it cannot be read.
    """
    try:
        return read_file(path), STANDARD_INPUT if path == "-" else path
    except OSError as error:
        raise unreadable_failure(path, error.strerror or str(error)) from error
