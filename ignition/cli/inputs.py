# SPDX-License-Identifier: Apache-2.0
"""Which configs the words of a command line stand for."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ignition.base.errors import Failure

_GLOB = "*?["


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
        return _some(list(_configs(word)), f"no *.ign files in {word}")
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
    def unreadable(error: OSError) -> None:
        raise Failure("IGN6311", f"cannot read {error.filename}: {error.strerror}")

    for here, folders, files in os.walk(folder, onerror=unreadable):
        folders.sort()
        yield from (os.path.join(here, file) for file in sorted(files) if file.endswith(".ign"))


def _some(files: list[str], nothing: str) -> list[str]:
    if not files:
        raise Failure("IGN6310", nothing)
    return files
