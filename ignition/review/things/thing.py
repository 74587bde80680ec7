# SPDX-License-Identifier: Apache-2.0
"""One thing that a config gives to a machine, and the facts about it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fact:
    """One fact about a thing.

    name    `mode`, `contents`, `ssh key`
    shown   the value for people, in one line, without secrets
    path    the part of the config that says so; None for what the engine does by default
    value   what counts when two configs are compared: encodings and spellings are gone
    text    the value for a comparison by lines; None for what may not be shown or is no text
    """

    name: str
    shown: str
    path: Path | None
    value: object = None
    text: str | None = None


@dataclass(frozen=True)
class Thing:
    """A thing, such as a file or a partition.

    kind      `file`, `unit`, `partition`
    name      its name for people
    path      the entry of the config that asks for it; () if none does
    facts     what the config says about it
    names     other names that it can be asked for by
    made      whether it only follows from something else, as a parent directory does
    compared  the facts that two configs are compared by, if those differ from `facts`
    identity  what makes it the same thing in another config; by default kind and name
    """

    kind: str
    name: str
    path: Path
    facts: tuple[Fact, ...] = ()
    names: frozenset[str] = frozenset()
    made: bool = False
    compared: tuple[Fact, ...] | None = None
    identity: Hashable = None
    notes: tuple[str, ...] = field(default=())

    @property
    def key(self) -> Hashable:
        """The same for the same thing in two configs."""
        return self.identity if self.identity is not None else (self.kind, self.name)

    @property
    def comparable(self) -> tuple[Fact, ...]:
        """The facts that two configs are compared by."""
        return self.facts if self.compared is None else self.compared
