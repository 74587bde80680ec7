# SPDX-License-Identifier: Apache-2.0
"""Compares what two configs give to a machine."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from ignition.base.origin import Origin
from ignition.review.diff import rules
from ignition.review.diff.rules import ADDED, CHANGED, REMOVED, Rule, Verdict
from ignition.review.subject import Subject
from ignition.review.things.collect import collect
from ignition.review.things.thing import Fact, Thing

_LISTS = ("supplementary group", "ssh key", "tang server", "certificate authority")
"""Facts that a thing can have several of."""
_NODES = ("file", "directory", "symbolic link", "hard link")
_EXISTS = "exists"


@dataclass(frozen=True)
class Difference:
    """One thing, or one fact about a thing, that differs.

    field   "" for the whole thing
    change  added, removed, changed
    old     the fact in the old config; None if that has none
    facts   of a thing that is added or removed: what is said about it
    """

    kind: str
    name: str
    field: str
    change: str
    old: Fact | None
    new: Fact | None
    old_origin: Origin | None
    new_origin: Origin | None
    rule: Rule
    facts: tuple[Fact, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """How a running machine can follow."""
        return self.rule.verdict


def compare(old: Subject, new: Subject) -> list[Difference]:
    """All differences, in the order of the sections of a config."""
    return [
        difference
        for before, after in _pairs(collect(old), collect(new))
        for difference in _differences(old, new, before, after)
    ]


def worst(differences: list[Difference]) -> Verdict | None:
    """What a running machine needs for all of them; None if there are none."""
    return max((each.verdict for each in differences), key=lambda each: each.rank, default=None)


def _pairs(old: list[Thing], new: list[Thing]) -> Iterator[tuple[Thing | None, Thing | None]]:
    """Each thing with its counterpart in the other config."""
    after = {thing.key: thing for thing in new}
    left = {thing.key: thing for thing in old}
    renamed = _same_labels(left, after)
    for thing in old:
        yield thing, after.pop(renamed.get(thing.key, thing.key), None)
    for thing in after.values():
        yield None, thing


def _same_labels(
    old: dict[Hashable, Thing], new: dict[Hashable, Thing]
) -> dict[Hashable, Hashable]:
    """Partitions that have a number in only one of the configs, but the same label: old key -> new key."""
    labels = {
        label: key
        for key, thing in new.items()
        if key not in old and (label := _label(thing)) is not None
    }
    return {
        key: labels[label]
        for key, thing in old.items()
        if key not in new and (label := _label(thing)) in labels
    }


def _label(thing: Thing) -> tuple[Hashable, str] | None:
    if thing.kind != "partition" or not isinstance(thing.key, tuple):
        return None
    label = next((fact.shown for fact in thing.facts if fact.name == "label"), None)
    return (thing.key[1], label) if label else None


def _differences(
    old: Subject, new: Subject, before: Thing | None, after: Thing | None
) -> Iterator[Difference]:
    if before is None or after is None:
        yield from _whole(old, new, before, after)
        return
    here, there = _known(before), _known(after)
    if before.kind in _NODES and before.kind != after.kind:
        here, there = (_only(facts, "type") for facts in (here, there))
    elif _exists(here) != _exists(there):
        here, there = (_only(facts, _EXISTS) for facts in (here, there))
    elif before.kind == "file" and "contents" in there and "appended" in here:
        here["contents"] = here.pop("appended")
    for name in dict.fromkeys((*here, *there)):
        for change, was, now in _changes(name, here.get(name, []), there.get(name, [])):
            if _counts(before.kind, name, was, now):
                yield Difference(
                    before.kind,
                    before.name,
                    name,
                    _plain(change),
                    was,
                    now,
                    _origin(old, before, was),
                    _origin(new, after, now),
                    rules.rule_for(before.kind, name, change),
                )


def _whole(
    old: Subject, new: Subject, before: Thing | None, after: Thing | None
) -> Iterator[Difference]:
    """The difference for a thing that only one config has. A disk counts by its facts alone."""
    thing = before or after
    assert thing is not None
    change = REMOVED if after is None else ADDED
    if (
        thing.kind == "kernel arguments"
    ):  # an order of arguments that the other config does not have
        return
    facts = tuple(fact for fact in thing.comparable if fact.name != "type")
    if thing.kind in ("disk", "settings"):
        for fact in facts:
            was, now = (fact, None) if after is None else (None, fact)
            if _counts(thing.kind, fact.name, was, now):
                yield Difference(
                    thing.kind,
                    thing.name,
                    fact.name,
                    change,
                    was,
                    now,
                    _origin(old, before, was),
                    _origin(new, after, now),
                    rules.rule_for(thing.kind, fact.name, change),
                )
        return
    yield Difference(
        thing.kind,
        thing.name,
        "",
        change,
        None,
        None,
        old.origin(thing.path) if before is not None else None,
        new.origin(thing.path) if after is not None else None,
        rules.rule_for(thing.kind, "", change),
        tuple(fact for fact in facts if fact.name != _EXISTS or not fact.value),
    )


Facts = dict[str, list[Fact]]


def _known(thing: Thing) -> Facts:
    """The facts by name, without those that leave it to the machine."""
    found: Facts = {}
    for fact in thing.comparable:
        if fact.value is not None:
            found.setdefault(fact.name, []).append(fact)
    return found


def _only(facts: Facts, name: str) -> Facts:
    return {name: facts[name]}


def _exists(facts: Facts) -> bool:
    return all(fact.value for fact in facts.get(_EXISTS, ()))


def _changes(
    name: str, old: list[Fact], new: list[Fact]
) -> Iterator[tuple[str, Fact | None, Fact | None]]:
    """What became of a fact, or of the members of a list: a change of `rules`, the old and the new fact."""
    if name in _LISTS:
        here, there = [fact.value for fact in old], [fact.value for fact in new]
        gone = rules.LAST if not new and name != "certificate authority" else REMOVED
        yield from ((gone, fact, None) for fact in old if fact.value not in there)
        yield from ((ADDED, None, fact) for fact in new if fact.value not in here)
        return
    before, after = (facts[0] if facts else None for facts in (old, new))
    if before is None or after is None:
        yield (ADDED if before is None else REMOVED), before, after
    elif before.value != after.value:
        yield _kind_of_change(name, before, after), before, after


def _kind_of_change(name: str, old: Fact, new: Fact) -> str:
    if name == _EXISTS:
        return ADDED if new.value else REMOVED
    if name == "size" and isinstance(old.value, int) and isinstance(new.value, int):
        return rules.GROWN if new.value > old.value else rules.SHRUNK
    return CHANGED


def _plain(change: str) -> str:
    """The change for people: added, removed or changed."""
    if change == rules.LAST:
        return REMOVED
    return change if change in (ADDED, REMOVED) else CHANGED


def _counts(kind: str, name: str, old: Fact | None, new: Fact | None) -> bool:
    """Whether a difference is one of its own: an order only if members of both are in another one."""
    if kind not in ("disk", "kernel arguments") or not name.startswith("order"):
        return True
    if old is None or new is None:
        return False
    before, after = old.value, new.value
    assert isinstance(before, tuple)
    assert isinstance(after, tuple)
    return [each for each in before if each in after] != [each for each in after if each in before]


def _origin(subject: Subject, thing: Thing | None, fact: Fact | None) -> Origin | None:
    """Where a fact is written; for a default, the thing that it is about. None without a fact."""
    if thing is None or fact is None:
        return None
    return subject.origin(thing.path if fact.path is None else fact.path)
