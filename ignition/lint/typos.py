# SPDX-License-Identifier: Apache-2.0
"""Names that differ from others by a slip of the finger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ignition.config.hints import within_one_edit

# Nobody mistypes one letter of a longer name and sees it; and the index would grow too large.
_LONGEST = 64


class KnownNames:
    """Known names. Finding one near a word takes no longer the more of them there are."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self._index: dict[str, str] = {}

    def __contains__(self, word: str) -> bool:
        return word in self.known

    def closest(self, word: str) -> str:
        """A known name that is one slip away, not minding case; "" for none, and for short words."""
        if not 2 < len(word) <= _LONGEST:
            return ""
        if not self._index:
            for name in sorted(self.known):
                for variant in _variants(name.lower()) if len(name) <= _LONGEST else ():
                    self._index.setdefault(variant, name)
        low = word.lower()
        for variant in _variants(low):
            name = self._index.get(variant, "")
            if name and (name.lower() == low or within_one_edit(low, name.lower())):
                return name
        return ""


def _variants(word: str) -> Iterator[str]:
    """A word, and with each of its letters left out: words that are one slip apart share one of these."""
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
