# SPDX-License-Identifier: Apache-2.0
"""The differences as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from ignition.base.origin import Origin
from ignition.base.printable import printable
from ignition.lint.formats import pluralize
from ignition.review.diff.compare import Difference, worst
from ignition.review.diff.lines import unified
from ignition.review.diff.rules import ADDED, REMOVED, Verdict
from ignition.review.places import origin_json
from ignition.review.style import Style, place, shorten
from ignition.review.subject import Subject

_MARKS = {ADDED: "+", REMOVED: "-"}
_COLOURS = {
    Verdict.FIRST_BOOT: "dim",
    Verdict.LIVE: "good",
    Verdict.BY_HAND: "warn",
    Verdict.ANEW: "bad",
}
CONCLUSIONS = {
    None: "Both configs give the same machine.",
    Verdict.FIRST_BOOT: "A running machine has nothing to change.",
    Verdict.LIVE: "A running machine can get there by itself.",
    Verdict.BY_HAND: "A running machine gets there only with work by hand.",
    Verdict.ANEW: "A running machine cannot get there: provision it anew.",
}
_FACTS_SHOWN = 12


def to_text(differences: list[Difference], style: Style) -> str:
    """A paragraph for each thing that differs, then what it means for a running machine."""
    blocks = [
        _block(list(group), style)
        for _, group in groupby(differences, key=lambda each: (each.kind, each.name))
    ]
    lines = [line for block in blocks for line in (*block, "")]
    return "".join(f"{line}\n" for line in (*lines, *_conclusion(differences, style)))


def _block(group: list[Difference], style: Style) -> list[str]:
    first = group[0]
    name = f"{first.kind} {printable(first.name)}"
    lines = []
    if first.field:
        lines.append(style.paint("head", name))
        for each in group:
            lines += _field(each, style)
        return lines
    mark = _MARKS[first.change]
    colour = "new" if first.change == ADDED else "old"
    lines.append(style.paint(colour, f"{mark} {name}"))
    lines += style.row("    ", "", place(first.new_origin or first.old_origin))
    for fact in first.facts[:_FACTS_SHOWN]:
        lines.append(shorten(f"    {fact.name}  {printable(fact.shown)}", style.width))
    if len(first.facts) > _FACTS_SHOWN:
        lines.append(f"    and {pluralize(len(first.facts) - _FACTS_SHOWN, 'more value')}")
    return [*lines, *_verdict(first, style)]


def _field(each: Difference, style: Style) -> list[str]:
    name = printable(each.field)
    old, new = (printable(fact.shown) if fact else "" for fact in (each.old, each.new))
    mark = _MARKS.get(each.change, "~")
    if each.change == ADDED:
        lines = [f"  {mark} {name}  {new}"]
    elif each.change == REMOVED and each.new is None:
        lines = [f"  {mark} {name}  {old}"]
    elif old == new:
        lines = [f"  {mark} {name}  {old}, which differs in what is not shown"]
    else:
        lines = [f"  {mark} {name}  {old} -> {new}"]
    lines = [shorten(line, style.width) for line in lines]
    for sign, origin in (("-", each.old_origin), ("+", each.new_origin)):
        if origin is not None:
            lines.append("    " + style.paint("dim", f"{sign} {place(origin)}"))
    for line in unified(each):
        colour = {"+": "new", "-": "old", "@": "dim"}.get(line[:1])
        lines.append("      " + (style.paint(colour, line) if colour else line))
    return [*lines, *_verdict(each, style)]


def _verdict(each: Difference, style: Style) -> list[str]:
    word = style.paint(_COLOURS[each.verdict], each.verdict.value)
    return [f"    {word}: {each.rule.reason}"]


def _conclusion(differences: list[Difference], style: Style) -> list[str]:
    verdict = worst(differences)
    if verdict is None:
        return [CONCLUSIONS[None]]
    counts = [
        f"{count} {each.value}"
        for each in Verdict
        if (count := sum(difference.verdict is each for difference in differences))
    ]
    return [
        f"{pluralize(len(differences), 'difference')}: {', '.join(counts)}",
        style.paint(_COLOURS[verdict], CONCLUSIONS[verdict]),
    ]


def to_json(
    differences: Iterable[Difference], old: Subject, new: Subject, names: tuple[str, str]
) -> dict[str, Any]:
    """The differences in the form of schemas/review/diff.json. `names` are those of the two configs."""
    listed = list(differences)
    verdict = worst(listed)
    return {
        "old": names[0],
        "new": names[1],
        "same": not listed,
        "verdict": "same" if verdict is None else verdict.value,
        "differences": [_difference(each, old, new) for each in listed],
    }


def _difference(each: Difference, old: Subject, new: Subject) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "name": each.name,
        "field": each.field,
        "change": each.change,
        "old": _side(old, each.old.shown if each.old else None, each.old_origin),
        "new": _side(new, each.new.shown if each.new else None, each.new_origin),
        "facts": [{"name": fact.name, "value": fact.shown} for fact in each.facts],
        "lines": unified(each),
        "verdict": each.verdict.value,
        "reason": each.rule.reason,
    }


def _side(subject: Subject, shown: str | None, origin: Origin | None) -> dict[str, Any] | None:
    if origin is None:
        return None
    return {"value": shown, "origin": origin_json(subject, origin)}
