# SPDX-License-Identifier: Apache-2.0
"""A boot as a picture: seconds from left to right, a row per phase and per step.

Positions are percentages and text has a fixed size, so that the picture fits a phone without becoming
illegible. Each label is there twice, for wide and for narrow windows, shortened to its room.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ignition.lint.formats import pluralize
from ignition.testbed.formats.page.labels import WIDTHS, drawn_width, shortened
from ignition.testbed.formats.page.markup import NOTHING, Markup, folded, join, table, tag, text
from ignition.testbed.formats.words import duration
from ignition.testbed.results import BootRecord, StepTime

# Rows of steps in the picture and in the table below it.
_DRAWN = 40
_LISTED = 500
_TOP = 22
_PHASE_ROW = 24
_STEP_ROW = 19
# Distances of time marks, in seconds.
_TICKS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
# Pixels between a bar and its label.
_GAP = 5


@dataclass(frozen=True)
class _Row:
    """A bar in the picture. `top` is in pixels."""

    span: StepTime
    is_phase: bool
    top: float

    @property
    def height(self) -> float:
        return 17 if self.is_phase else 14


def timeline(boot: BootRecord, title: str) -> Markup:
    """The picture and the same as a table."""
    rows, left_out = _rows(boot)
    total = max([boot.seconds, 0.1, *(_end(row.span) for row in rows)])
    height = max([_TOP + _PHASE_ROW, *(row.top + row.height + 8 for row in rows)])
    picture = tag(
        "svg",
        *_axis(total, height),
        _whole(boot, total),
        *(_bar(row, total) for row in rows),
        height=f"{height:.0f}",
        role="img",
        aria_label=f"Timeline of {title}: {_said(boot)}",
    )
    caption = f"Seconds since power-on. {_said(boot)}"
    if left_out:
        caption += f" {pluralize(left_out, 'shorter step')} not drawn."
    return join([tag("figure", picture, tag("figcaption", text(caption))), _listed(boot)])


def _said(boot: BootRecord) -> str:
    reached = "no target" if boot.reached == "nothing" else boot.reached
    return f"The boot took {duration(boot.seconds)} and reached {reached}."


def _end(span: StepTime) -> float:
    return span.started + max(span.seconds, 0)


def _rows(boot: BootRecord) -> tuple[list[_Row], int]:
    """Phases in order, each with its steps below, and how many steps have no room."""
    steps = boot.steps
    if len(steps) > _DRAWN:
        # What did not succeed stays, then what took longest.
        ranked = sorted(steps, key=lambda step: (step.outcome == "success", -step.seconds))
        kept = {id(step) for step in ranked[:_DRAWN]}
        steps = tuple(step for step in steps if id(step) in kept)
    top = float(_TOP + _PHASE_ROW)
    rows = []
    for span, is_phase in _in_order(boot.phases[:_DRAWN], steps):
        rows.append(_Row(span, is_phase, top))
        top += _PHASE_ROW if is_phase else _STEP_ROW
    return rows, len(boot.steps) - len(steps)


def _in_order(
    phases: tuple[StepTime, ...], steps: tuple[StepTime, ...]
) -> Iterator[tuple[StepTime, bool]]:
    names = {phase.name for phase in phases}
    for phase in phases:
        yield phase, True
        yield from ((step, False) for step in steps if step.phase == phase.name)
    yield from ((step, False) for step in steps if step.phase not in names)


def _percent(seconds: float, total: float) -> float:
    return min(max(seconds / total * 100, 0), 100)


def _axis(total: float, height: float) -> Iterator[Markup]:
    hours = math.ceil(total / 6 / 3600)
    distance = next((tick for tick in _TICKS if total / tick <= 6), hours * 3600)
    for number in range(int(total / distance) + 1):
        at = _percent(number * distance, total)
        x = f"{at:.2f}%"
        yield tag("line", class_="grid", x1=x, x2=x, y1=_TOP - 4, y2=f"{height:.0f}")
        anchor = "start" if number == 0 else "end" if at > 96 else "middle"
        label = text(f"{number * distance} s")
        yield tag("text", label, class_="tick", x=x, y=_TOP - 8, text_anchor=anchor)


def _whole(boot: BootRecord, total: float) -> Markup:
    """The boot as a whole, behind all others."""
    width = _percent(boot.seconds, total)
    reached = "no target reached" if boot.reached == "nothing" else boot.reached
    return tag(
        "g",
        tag("title", text(_said(boot))),
        tag("rect", class_="whole", x="0", y=_TOP, width=f"{width:.2f}%", height=17, rx=3),
        tag("text", text("power-on"), x=6, y=_TOP + 13),
        tag(
            "text",
            text(shortened(reached, 120)),
            x=f"{max(width - 1, 75):.2f}%",
            y=_TOP + 13,
            text_anchor="end",
        ),
    )


def _bar(row: _Row, total: float) -> Markup:
    span = row.span
    start = _percent(span.started, total)
    width = max(_percent(_end(span), total) - start, 0.25)
    start = min(start, 100 - width)
    kind = {"failed": "bar-failed", "running": "bar-running"}.get(
        span.outcome, "phase" if row.is_phase else "step"
    )
    said = f"{span.name}: {duration(span.seconds)}, from {span.started:.1f} s"
    if span.outcome != "success":
        said += f", {span.outcome}"
    bar = tag(
        "rect",
        class_=kind,
        x=f"{start:.2f}%",
        y=f"{row.top:.0f}",
        width=f"{width:.2f}%",
        height=f"{row.height:.0f}",
        rx=2,
    )
    return tag("g", tag("title", text(said)), bar, *_labels(row, kind, start, width))


def _labels(row: _Row, kind: str, start: float, width: float) -> Iterator[Markup]:
    """The label for each width of the window."""
    strong = row.is_phase
    inside = {"phase": "on-phase", "bar-failed": "on-bar", "bar-running": "on-running"}.get(
        kind, ""
    )
    for class_, pixels in WIDTHS:
        wanted = drawn_width(_fitted(row.span, 10_000, strong), strong=strong) + 2 * _GAP
        spot = _spot(start, width, wanted * 100 / pixels)
        yield tag(
            "text",
            text(_fitted(row.span, spot.room * pixels / 100 - 2 * _GAP, strong)),
            class_=f"{class_}{' strong' if strong else ''} {'beside' if spot.is_beside else inside}",
            x=f"{spot.x:.2f}%",
            dx=-_GAP if spot.anchor == "end" else _GAP,
            y=f"{row.top + (13 if strong else 11):.1f}",
            text_anchor=spot.anchor,
        )


@dataclass(frozen=True)
class _Spot:
    """Where a label stands. `x` and `room` are in percent."""

    x: float
    anchor: str
    room: float
    is_beside: bool = True


def _spot(start: float, width: float, wanted: float) -> _Spot:
    """To the right of the bar if the label fits there, else where most of it does: left, inside or right."""
    end = start + width
    right = _Spot(end, "start", 100 - end)
    if right.room >= wanted:
        return right
    spots = (right, _Spot(end - width, "end", start), _Spot(start, "start", width, False))
    return next(
        (spot for spot in spots if spot.room >= wanted), max(spots, key=lambda spot: spot.room)
    )


def _fitted(span: StepTime, pixels: float, strong: bool) -> str:
    """Name and time in so many pixels; the name is shortened first."""
    time = "failed" if span.outcome == "failed" else duration(span.seconds)
    room = pixels - drawn_width(f"  {time}", strong=strong)
    return f"{shortened(span.name, room, strong=strong)}  {time}"


def _listed(boot: BootRecord) -> Markup:
    spans = list(_in_order(boot.phases, boot.steps))
    if not spans:
        return NOTHING
    rows = (
        (
            text(span.name) if is_phase else text(span.phase),
            text("" if is_phase else span.name),
            text(f"{span.started:.1f} s"),
            text(duration(span.seconds)),
            text(span.outcome),
        )
        for span, is_phase in spans[:_LISTED]
    )
    more = len(spans) - _LISTED
    return folded(
        text("Phases and steps as a table"),
        table("Phases and steps", ("Phase", "Step", "Started", "Time", "Outcome"), rows),
        tag("p", text(f"{more} more are in the JSON."), class_="muted small")
        if more > 0
        else NOTHING,
    )
