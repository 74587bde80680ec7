# SPDX-License-Identifier: Apache-2.0
"""Input files of a command: expansion of arguments to paths, and reading."""

from __future__ import annotations

import os
from collections.abc import Iterator
from stat import S_ISREG

from ignition.base.errors import Failure
from ignition.lint.batch import read_file, unreadable_failure
from ignition.lint.result import STANDARD_INPUT

_GLOB = "*?["
_HINT = "name a config; in directories, only *.ign files are used"
_NAMES_SHOWN, _MAX_NAMES = 5, 1000


def expand_paths(args: list[str]) -> list[str]:
    """The files that the arguments name, without duplicates, in order.

    A directory stands for the *.ign files in and below it, a glob pattern for its matches, both sorted;
    `-` and other arguments are kept. Failure (IGN6310) for a directory or pattern without any file.
    """
    found: dict[str, None] = {}
    for arg in args:
        found.update(dict.fromkeys(_expand(arg)))
    return list(found)


def _expand(arg: str) -> list[str]:
    if arg != "-" and os.path.isdir(arg):
        files = list(_configs(arg))
        return files or _require_some([], f"no *.ign files in {arg}", _describe_directory(arg))
    if any(character in arg for character in _GLOB) and not os.path.lexists(arg):
        import glob

        return _require_some(
            [
                file
                for match in sorted(glob.glob(arg, recursive=True))
                for file in (_configs(match) if os.path.isdir(match) else (match,))
            ],
            f"nothing matches {arg}",
        )
    return [arg]


def _configs(directory: str) -> Iterator[str]:
    unreadable: list[str] = []
    for here, subdirectories, files in os.walk(
        directory, onerror=lambda error: unreadable.append(str(error.filename))
    ):
        subdirectories.sort()
        for file in sorted(files):
            path = os.path.join(here, file)
            if file.endswith(".ign") and not _is_special(path):
                yield path
    # Reading an inaccessible directory later reports the reason.
    yield from unreadable


def _is_special(path: str) -> bool:
    """Whether it is a pipe, socket or device, which is not a config and may block or never end."""
    try:
        return not S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _describe_directory(directory: str) -> str:
    """A hint for a directory without configs: what it contains instead."""
    names = []
    for here, subdirectories, files in os.walk(directory):
        subdirectories.sort()
        names += [os.path.relpath(os.path.join(here, file), directory) for file in sorted(files)]
        if len(names) > _MAX_NAMES:
            break
    if not names:
        return "the directory contains no files"
    listed = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else "")
    sources = [name for name in names if name.endswith((".bu", ".butane", ".yaml", ".yml"))]
    if sources:
        return f"found {listed}: convert Butane first (butane --strict {sources[0]})"
    return f"found {listed}: name the configs explicitly, or rename them to *.ign"


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
