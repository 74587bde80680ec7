# SPDX-License-Identifier: Apache-2.0
"""Suggestions for misspelt words. Never imported at boot: difflib is slow to load."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` resembles most, or "" if it resembles none."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), n=1)), "")
