# SPDX-License-Identifier: Apache-2.0
"""Texts that the engine reads in another way than their author sees them."""

from __future__ import annotations

from ignition.config import scan
from ignition.lint.rule import LintRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.config.document import Path
    from ignition.config.scan import Node
    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

DUPLICATE_KEY = LintRule(
    "IGN1895",
    "the same key more than once in one object",
    hint="keep one of them, with the members of both",
)
"""Nothing refuses it, but what is read is neither the first nor the last: objects are laid over each other
member by member, and lists item by item, so that a second list of files takes the place of the first while it
keeps what the second leaves out. Two spellings of one key (`mode`, `Mode`) count as the same."""

INVALID_ENCODING = LintRule(
    "IGN1896",
    "a character that cannot be read, and becomes U+FFFD",
    hint="write the config in UTF-8, and characters beyond U+FFFF as themselves or as a pair of \\u escapes",
)
"""Bytes that are not UTF-8, and half of a pair of `\\u` escapes, are not refused: each is read as the
replacement character. What is written to the machine then differs from what the author sees."""

_REPLACEMENT = "\ufffd"


def check(subject: Subject) -> Iterator[Violation]:
    text = subject.document
    # Where the text has the character itself, nothing tells it from one that was put in.
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
                    yield DUPLICATE_KEY.at(
                        here, f"the key {key} stands more than once in this object"
                    )
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
