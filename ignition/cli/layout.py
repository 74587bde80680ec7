# SPDX-License-Identifier: Apache-2.0
"""Texts for people at a terminal: as wide as it is."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Where nobody says how wide it is; and what is too narrow to lay anything out.
_USUAL, _LEAST = 80, 40


def terminal_width() -> int:
    """The width of the terminal: as COLUMNS says it, else as the one of an output does."""
    try:
        told = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        told = 0
    for descriptor in (1, 2):
        if told <= 0:
            try:
                told = os.get_terminal_size(descriptor).columns
            except OSError:
                pass
    return max(_LEAST, told if told > 0 else _USUAL)


def reflow(text: str, width: int) -> str:
    """A text of paragraphs and tables laid out anew.

    Lines without indentation are paragraphs. Indented ones are rows of a table where two blanks stand
    between what is explained and the explanation, which may go on below itself; others stay as they are.
    """
    return "".join(f"{line}\n" for block in _blocks(text.rstrip("\n")) for line in block(width))


class _Paragraph:
    """KnownNames that are filled into lines, those after the first one under `hang` blanks."""

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


class _AsIs:
    def __init__(self, line: str) -> None:
        self.line = line

    def __call__(self, _width: int) -> list[str]:
        return [self.line]


def _blocks(text: str) -> Iterator[_Paragraph | _AsIs]:
    open_one: _Paragraph | None = None
    for line in text.split("\n"):
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        _, gap, words = stripped.partition("  ")
        if open_one is not None and stripped and indent == len(open_one.head) and not gap:
            open_one.words.append(stripped)
            continue
        if open_one is not None:
            yield open_one
            open_one = None
        if not stripped:
            yield _AsIs("")
        elif not indent:
            open_one = _Paragraph("", stripped)
        elif gap:
            words = words.lstrip()
            open_one = _Paragraph(line[: len(line.rstrip()) - len(words)], words)
        else:
            yield _AsIs(line)
    if open_one is not None:
        yield open_one
