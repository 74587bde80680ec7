# SPDX-License-Identifier: Apache-2.0
"""HTML and SVG from Python. The type `Markup` lets a type checker find text that is not escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import NewType

from ignition.base.printable import printable, printable_lines
from ignition.testbed.formats.plain import clipped

Markup = NewType("Markup", str)

# Characters of a value on the page; the artefact folder and the JSON have all of them.
LIMIT = 300
_VOID = ("meta", "br", "rect", "line", "path")


def text(value: str | int, limit: int = LIMIT) -> Markup:
    """One line of text, with control characters made visible."""
    return Markup(escape(clipped(printable(str(value)), limit)))


def lines(value: str) -> Markup:
    """Text for `pre`. The caller limits it."""
    return Markup(escape(printable_lines(value)))


def tag(name: str, /, *inside: Markup, **attributes: str | int | bool) -> Markup:
    """An element. `class_` is the attribute `class`, `stroke_width` is `stroke-width`; False means none."""
    shown = "".join(
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{text(value, 2000)}"')
        for key, value in attributes.items()
        if value is not False
    )
    if name in _VOID and not inside:
        return Markup(f"<{name}{shown}>" if name in ("meta", "br") else f"<{name}{shown}/>")
    return Markup(f"<{name}{shown}>{''.join(inside)}</{name}>")


def join(parts: Iterable[Markup], between: str = "") -> Markup:
    return Markup(escape(between).join(parts))


NOTHING = Markup("")


def folded(title: Markup, *inside: Markup, open_: bool = False) -> Markup:
    """A part that readers open if they want it."""
    return tag("details", tag("summary", title), *inside, open=open_)


def table(caption: str, heads: tuple[str, ...], rows: Iterable[tuple[Markup, ...]]) -> Markup:
    """A plain table, which scrolls where it is too wide. The caption is for screen readers."""
    plain = tag(
        "table",
        tag("caption", text(caption), class_="aside"),
        tag("thead", tag("tr", *(tag("th", text(head), scope="col") for head in heads))),
        tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)),
        class_="words",
    )
    return tag("div", plain, class_="scroll", tabindex=0, role="region", aria_label=caption)
