# SPDX-License-Identifier: Apache-2.0
"""Known names that are one typo away from a given one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ignition.config.hints import within_one_edit

# The index grows with the square of the length, so longer names are not indexed.
_MAX_LENGTH = 64


class KnownNames:
    """A set of names with an index by deletions: a lookup does not take longer with more names."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self._index: dict[str, str] = {}

    def __contains__(self, word: str) -> bool:
        return word in self.known

    def closest(self, word: str) -> str:
        """A known name that is one typo away, ignoring case; "" if there is none, and for short words."""
        if not 2 < len(word) <= _MAX_LENGTH:
            return ""
        if not self._index:
            for name in sorted(self.known):
                for variant in _variants(name.lower()) if len(name) <= _MAX_LENGTH else ():
                    self._index.setdefault(variant, name)
        low = word.lower()
        for variant in _variants(low):
            name = self._index.get(variant, "")
            if name and (name.lower() == low or within_one_edit(low, name.lower())):
                return name
        return ""


def _variants(word: str) -> Iterator[str]:
    """A word, and the word without each of its letters. Words that are one typo apart share a variant."""
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
