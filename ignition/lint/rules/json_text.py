# SPDX-License-Identifier: Apache-2.0
"""JSON that the engine does not read the way it looks: duplicate keys, invalid encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.config import scan
from ignition.lint.rule import LintRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.config.document import Path
    from ignition.config.scan import Node
    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

DUPLICATE_KEY = LintRule(
    "IGN1895",
    "duplicate key",
    hint="merge the values into one key",
)
"""A duplicate key is accepted, but neither value wins: objects are merged member by member and lists item by
item, so each item of a second `files` list overwrites the item at the same index of the first, and keeps the
members that the second leaves out. Keys that only differ in case (`mode`, `Mode`) are duplicates, too."""

INVALID_ENCODING = LintRule(
    "IGN1896",
    "invalid character, it is read as U+FFFD",
    hint="save the config as UTF-8, and write characters above U+FFFF literally or as a surrogate pair",
)
"""Bytes that are not UTF-8 and unpaired surrogate escapes (`\\ud83d`) are accepted, but each is read as the
replacement character, so the machine gets different contents than the config shows."""

_REPLACEMENT = "\ufffd"


def check(subject: Subject) -> Iterator[Violation]:
    text = subject.document
    # If the config itself contains U+FFFD, it cannot be told from a replaced character.
    replaced = _REPLACEMENT.encode() not in subject.data and _may_be_replaced(subject.data)
    seen: set[Path] = set()
    for node in text.containers():
        if node.kind == scan.ARRAY:
            for child in node.items() if replaced else ():
                if _is_replaced(child):
                    yield INVALID_ENCODING.at(text.path_of(child))
            continue
        names: set[str] = set()
        for key, _, child in node.members():
            if replaced and _is_replaced(child):
                yield INVALID_ENCODING.at(text.path_of(child))
            folded = key.casefold()
            if folded in names:
                here = (*text.path_of(node), key)
                if here not in seen:
                    seen.add(here)
                    yield DUPLICATE_KEY.at(here, f"duplicate key {key}")
            names.add(folded)


def _may_be_replaced(data: bytes) -> bool:
    if b"\\ud" in data or b"\\uD" in data:
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def _is_replaced(node: Node) -> bool:
    return node.kind == scan.STRING and _REPLACEMENT in node.value
