# SPDX-License-Identifier: Apache-2.0
"""Layout of usage texts to the width of the terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEFAULT_WIDTH, _MIN_WIDTH = 80, 40


def terminal_width() -> int:
    """The width of the terminal: $COLUMNS, else that of standard output or standard error."""
    try:
        width = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        width = 0
    for descriptor in (1, 2):
        if width <= 0:
            try:
                width = os.get_terminal_size(descriptor).columns
            except OSError:
                pass
    return max(_MIN_WIDTH, width if width > 0 else _DEFAULT_WIDTH)


def reflow(text: str, width: int) -> str:
    """Reflows paragraphs and two-column tables to a width.

    Unindented lines form paragraphs. An indented line with a gap of two spaces is a table row: a term and its
    explanation, which may continue on lines aligned with it. Other indented lines are kept as they are.
    """
    return "".join(f"{line}\n" for block in _blocks(text.rstrip("\n")) for line in block(width))


class _Paragraph:
    """A paragraph, or a table row whose explanation hangs behind `head`."""

    def __init__(self, head: str, words: str) -> None:
        self.head = head
        self.words = [words]

    def __call__(self, width: int) -> list[str]:
        import textwrap

        hang = min(len(self.head), width // 2)
        lines = textwrap.wrap(
            " ".join(self.words),
            width,
            initial_indent=" " * hang,
            subsequent_indent=" " * hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if not self.head:
            return lines
        if len(self.head) > hang or not lines:
            return [self.head.rstrip(), *lines]
        return [self.head + lines[0][hang:], *lines[1:]]


class _Verbatim:
    def __init__(self, line: str) -> None:
        self.line = line

    def __call__(self, _width: int) -> list[str]:
        return [self.line]


def _blocks(text: str) -> Iterator[_Paragraph | _Verbatim]:
    paragraph: _Paragraph | None = None
    for line in text.split("\n"):
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        _, gap, words = stripped.partition("  ")
        if paragraph is not None and stripped and indent == len(paragraph.head) and not gap:
            paragraph.words.append(stripped)
            continue
        if paragraph is not None:
            yield paragraph
            paragraph = None
        if not stripped:
            yield _Verbatim("")
        elif not indent:
            paragraph = _Paragraph("", stripped)
        elif gap:
            words = words.lstrip()
            paragraph = _Paragraph(line[: len(line.rstrip()) - len(words)], words)
        else:
            yield _Verbatim(line)
    if paragraph is not None:
        yield paragraph
