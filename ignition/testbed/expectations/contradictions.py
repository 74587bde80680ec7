# SPDX-License-Identifier: Apache-2.0
"""Finds expectations that no machine can meet together."""

from __future__ import annotations

from typing import Any

from ignition.testbed.expectations import model
from ignition.testbed.expectations.problems import CONTRADICTION, Problems
from ignition.testbed.expectations.sections import describe, section_of, subject_of

_UNIT_STATES = (
    (("masked", True), ("enabled", True), "a masked unit is not enabled"),
    (("masked", True), ("active", True), "a masked unit does not start"),
    (("active", True), ("failed", True), "an active unit has not failed"),
)


def check(items: tuple[model.Expectation, ...], problems: Problems) -> None:
    """Adds a finding to the later of two items that contradict each other."""
    first: dict[tuple[object, ...], list[model.Expectation]] = {}
    paths: dict[str, model.Node] = {}
    for item in items:
        earlier = first.setdefault(subject_of(item), [])
        for other in earlier:
            _compare(other, item, problems)
        earlier.append(item)
        if isinstance(item, model.Node) and item.exists:
            other_kind = paths.setdefault(item.path, item)
            if type(other_kind) is not type(item) and not _is_hard_link(item, other_kind):
                called = section_of(item).called, section_of(other_kind).called
                _add(f"{item.path} cannot be a {called[0]} and a {called[1]}", item, problems)
        if isinstance(item, model.Unit):
            _check_unit(item, problems)


def _is_hard_link(*nodes: model.Node) -> bool:
    return any(isinstance(node, model.Link) and node.hard for node in nodes)


def _compare(first: model.Expectation, second: model.Expectation, problems: Problems) -> None:
    for name in section_of(second).members:
        wanted: tuple[Any, Any] = getattr(first, name), getattr(second, name)
        if isinstance(wanted[0], tuple) or None in wanted or wanted[0] == wanted[1]:
            continue
        if name in ("contains", "matches", "within", "timeout", "hard"):
            continue
        line = f"line {first.place.line}" if first.place.line else first.place.source
        _add(
            f"{describe(second)}: {name} differs from what {line} expects",
            second,
            problems,
            "join both items, or remove one",
        )


def _check_unit(unit: model.Unit, problems: Problems) -> None:
    for (name, value), (other, other_value), why in _UNIT_STATES:
        if getattr(unit, name) is value and getattr(unit, other) is other_value:
            _add(f"unit {unit.name}: {why}", unit, problems)


def _add(
    message: str, item: model.Expectation, problems: Problems, hint: str = "remove one of them"
) -> None:
    place = item.place
    path = tuple(int(step) if step.isdigit() else step for step in place.pointer.split("/")[1:])
    problems.add(CONTRADICTION, message, (place.line, place.column), path, hint)
