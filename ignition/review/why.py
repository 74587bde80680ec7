# SPDX-License-Identifier: Apache-2.0
"""`ignition why`: which config gives something its content, where it says so, and what it replaced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.base.printable import printable
from ignition.config.rules.paths import clean
from ignition.lint.inventory import UNIT_DIRECTORY
from ignition.lint.unit_names import SERVICE, TYPES
from ignition.review.places import origin_json
from ignition.review.style import shorten
from ignition.review.subject import Subject, Version
from ignition.review.things import collect, files
from ignition.review.things.replaced import show_replaced
from ignition.review.things.thing import Fact, Path, Thing

_SUGGESTIONS = 3
_LONGEST_NAME = 200
"""Characters that a message shows, and up to which similar names are looked for: difflib is quadratic."""
_UNIT_FILES = ("unit file", "drop-in", "mask")


@dataclass(frozen=True)
class Reason:
    """Why a fact is as it is.

    origin    who says so; None for what the engine does by default
    replaces  what weaker configs said, the strongest first: value and origin
    joins     other configs that say the same, or give parts of the same list
    """

    fact: Fact
    origin: Origin | None
    replaces: tuple[tuple[str, Origin], ...] = ()
    joins: tuple[Origin, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A thing that has the name, who asks for it, and the reason for each fact."""

    thing: Thing
    origin: Origin | None
    joins: tuple[Origin, ...]
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]


def explain(subject: Subject, word: str, source: str) -> list[Answer]:
    """All that a config has under a name. Failure (IGN8501) if that is nothing; `source` is the config."""
    things = collect.collect(subject)
    made = collect.collect_made(subject)
    in_root = [each for each in things if _is_path(each)] + made
    # Parents are many, and few are asked for.
    everything = [*things, *made]
    found = _find(everything, word, in_root)
    if not found:
        raise Failure(
            "IGN8501",
            f"nothing in the config has the name '{shorten(word, _LONGEST_NAME)}'",
            Origin(source),
            hint=_suggest(word, [*everything, *collect.parents(in_root)]),
        )
    return [_answer(subject, thing, made) for thing in found]


def _is_path(thing: Thing) -> bool:
    return isinstance(thing.key, tuple) and thing.key[0] == "path"


def _find(things: list[Thing], word: str, in_root: list[Thing]) -> list[Thing]:
    wanted = _spellings(word)
    found = _matches(things, wanted)
    if not found and word.startswith("/"):
        found = [each for each in collect.parents(in_root) if each.name in wanted]
    if not found and "/" not in word and not word.endswith(TYPES):
        found = _matches(things, _spellings(word + SERVICE))
    links = {
        name
        for each in found
        if each.kind == "partition"
        for name in each.names
        if name.startswith("/dev/")
    }
    known = {each.key for each in found}
    return found + [each for each in _matches(things, links) if each.key not in known]


def _spellings(word: str) -> set[str]:
    """A name as things may have it: a path without a slash too many, the path and the template of a unit."""
    wanted = {word}
    if word.startswith("/"):
        wanted.add(clean(word))
    elif word.endswith(TYPES) or ".d/" in word:
        wanted.add(UNIT_DIRECTORY + word)
        before, at, rest = word.partition("@")
        instance, _, extension = rest.rpartition(".")
        if at and instance:
            wanted.add(f"{before}@.{extension}")
    return wanted


def _matches(things: Iterable[Thing], wanted: set[str]) -> list[Thing]:
    return [each for each in things if each.name in wanted or not wanted.isdisjoint(each.names)]


def _suggest(word: str, things: Iterable[Thing]) -> str:
    """The names most like a word, else what kinds of names there are."""
    from difflib import get_close_matches

    names = {name for each in things for name in (each.name, *each.names)}
    kinds = (
        "give the path of a file, a unit, a user, a group, a device, a label, or a kernel argument"
    )
    if len(word) > _LONGEST_NAME:
        return kinds
    same_end = sorted(name for name in names if name.rpartition("/")[2] == word)
    close = same_end + get_close_matches(word, sorted(names - {*same_end}), n=_SUGGESTIONS)
    if not close:
        return kinds
    return f"did you mean {' or '.join(map(printable, close[:_SUGGESTIONS]))}?"


def _answer(subject: Subject, thing: Thing, made: list[Thing]) -> Answer:
    versions = subject.versions(thing.path) if thing.path else []
    mode = _mode_of(thing)
    return Answer(
        thing,
        versions[0].origin if versions else None,
        tuple(version.origin for version in versions[1:]) if not thing.made else (),
        tuple(_reason(subject, fact, mode) for fact in thing.facts),
        (*thing.notes, *_notes(subject, thing, made)),
    )


def _mode_of(thing: Thing) -> int | None:
    modes = [fact.value for fact in thing.facts if fact.name == "mode"]
    return modes[0] if modes and isinstance(modes[0], int) else None


def _reason(subject: Subject, fact: Fact, mode: int | None) -> Reason:
    if fact.path is None:
        return Reason(fact, None)
    first, *others = subject.versions(fact.path)
    if isinstance(first.value, dict):
        return Reason(fact, first.origin)
    if isinstance(first.value, list) or isinstance(fact.path[-1], int) or _is_name(fact.path):
        return Reason(fact, first.origin, joins=tuple(version.origin for version in others))
    return Reason(fact, first.origin, tuple(_replaced(fact.path, each, mode) for each in others))


def _is_name(path: Path) -> bool:
    """Whether this is the name that entries are merged by: the same in all configs."""
    return path[-1] in ("name", "path", "device") and isinstance(path[-2], int)


def _replaced(path: Path, version: Version, mode: int | None) -> tuple[str, Origin]:
    return show_replaced(path, version, mode), version.origin


def _notes(subject: Subject, thing: Thing, made: list[Thing]) -> list[str]:
    notes = []
    if _is_path(thing):
        section, own = str(thing.path[0]), thing.path[1]
        others = tuple(name for name in files.LISTS if name != own)
        for name, origin in subject.dropped(section, others, thing.name):
            notes.append(f"replaces the entry in {name} at {origin}")
        rivals = {each.kind for each in made if each.name == thing.name}
        if rivals & {*_UNIT_FILES}:
            notes.append("units are written after files: what the unit gives counts")
        elif rivals:
            notes.append(f"this path is also written as: {', '.join(sorted(rivals))}")
    if _is_path(thing) or thing.made:
        mount = _mount_above(subject, thing.name)
        if mount:
            notes.append(mount)
    return notes


def _mount_above(subject: Subject, path: str) -> str:
    """On which of the config's filesystems a path lies, unless that is the root."""
    above = [
        entry
        for entry in subject.config.storage.filesystems
        if entry.path
        and entry.format not in (None, "", "none", "swap")
        and path.startswith(entry.path.rstrip("/") + "/")
    ]
    if not above:
        return ""
    nearest = max(above, key=lambda entry: len(entry.path or ""))
    return f"lies on the filesystem of {nearest.device}, mounted at {nearest.path}"


def to_json(subject: Subject, word: str, source: str, answers: list[Answer]) -> dict[str, Any]:
    """The answers in the form of schemas/review/why.json."""

    def origin(each: Origin | None) -> dict[str, Any] | None:
        return origin_json(subject, each)

    return {
        "config": source,
        "asked": word,
        "answers": [
            {
                "kind": answer.thing.kind,
                "name": answer.thing.name,
                "origin": origin(answer.origin),
                "joins": [origin(each) for each in answer.joins],
                "notes": list(answer.notes),
                "facts": [
                    {
                        "name": reason.fact.name,
                        "value": reason.fact.shown,
                        "origin": origin(reason.origin),
                        "replaces": [
                            {"value": value, "origin": origin(there)}
                            for value, there in reason.replaces
                        ],
                        "joins": [origin(each) for each in reason.joins],
                    }
                    for reason in answer.reasons
                ],
            }
            for answer in answers
        ],
    }
