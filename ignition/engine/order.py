# SPDX-License-Identifier: Apache-2.0
"""Which steps must end before a step starts: pure functions of what steps need, provide and create.

Whoever creates a key comes before all who need it, whichever stage plans them. Steps that change the same
object follow each other in plan order, as far as that order allows it.
"""

from __future__ import annotations

import os

from ignition.base.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.engine.step import Step

    _Steps = dict[str, list[int]]


def arrange(steps: list[Step], earlier: list[int]) -> list[set[int]]:
    """For each step, the indexes of the steps that must end before it starts.

    `earlier[i]` is the number of steps that the stages before the one of step i have planned. Raises Refused
    IGN2118 if steps wait for each other.
    """
    creators, changers = _providers(steps)
    before = [{maker for key in step.needs for maker in creators.get(key, ())} for step in steps]
    changed: _Steps = {}
    unknown: list[int] = []
    for index in _sequence(steps, before):
        step = steps[index]
        for key in step.needs:
            if key in changed:
                before[index].update(changed[key])
            elif key not in creators and key.startswith("/") and not os.path.exists(key):
                unknown.append(index)
        for key in step.provides:
            if index in changers.get(key, ()):
                changed.setdefault(key, []).append(index)
    for index in dict.fromkeys(unknown):
        # A step may create it under another name, as udev does with by-label links.
        before[index].update(set(range(earlier[index])) - _waiting_for(index, before))
    return before


def _providers(steps: list[Step]) -> tuple[_Steps, dict[str, set[int]]]:
    """Per key, the steps that create it, and those that change what exists already: they need it, too."""
    creators: _Steps = {}
    changers: dict[str, set[int]] = {}
    for index, step in enumerate(steps):
        needs = frozenset(step.needs)
        for key in dict.fromkeys(step.creates):
            creators.setdefault(key, []).append(index)
        for key in dict.fromkeys(step.provides):
            if key in step.creates:
                continue
            if key in needs:
                changers.setdefault(key, set()).add(index)
            else:
                creators.setdefault(key, []).append(index)
    return creators, changers


def _sequence(steps: list[Step], before: list[set[int]]) -> list[int]:
    """The indexes in an order in which each step follows those before it: plan order wherever it can be."""
    if all(max(makers, default=-1) < index for index, makers in enumerate(before)):
        return list(range(len(before)))
    placed: list[int] = []
    ended = [False] * len(before)
    for start in range(len(before)):
        path = [] if ended[start] else [start]
        on_path = set(path)
        while path:
            index = path[-1]
            following = min((maker for maker in before[index] if not ended[maker]), default=None)
            if following is None:
                ended[index] = True
                placed.append(index)
                on_path.remove(path.pop())
            elif following in on_path:
                raise _circle(steps, path[path.index(following) :])
            else:
                path.append(following)
                on_path.add(following)
    return placed


def _circle(steps: list[Step], members: list[int]) -> Refused:
    """The error for steps that each wait for the next one, and the last one for the first."""
    waits = []
    for index, maker in zip(members, [*members[1:], members[0]], strict=True):
        made = {*steps[maker].creates, *steps[maker].provides}
        key = next(key for key in steps[index].needs if key in made)
        waits.append(f"({steps[index].summary}) needs {key}")
    first = steps[members[0]]
    text = (
        f"{waits[0]}, which it creates itself"
        if len(members) == 1
        else f"devices are built on each other in a circle: {', '.join(waits)}"
    )
    return Refused(
        "IGN2118",
        text,
        first.origin,
        hint="one of them must be built on a device that exists or that another entry creates",
    )


def _waiting_for(index: int, before: list[set[int]]) -> set[int]:
    """The step itself and all steps that wait for it, directly or not."""
    found = {index}
    grows = True
    while grows:
        more = {
            other
            for other, makers in enumerate(before)
            if other not in found and not found.isdisjoint(makers)
        }
        found |= more
        grows = bool(more)
    return found
