# SPDX-License-Identifier: Apache-2.0
"""The parts of a config that need a first boot: they are refused, or skipped by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ignition.acquisition import origins
from ignition.base.errors import Failure, Refused, combine

if TYPE_CHECKING:
    from ignition.acquisition.origins import Table

ACCOUNTS = (
    ("files", "passwd", ("passwd", "users")),
    ("files", "passwd", ("passwd", "groups")),
)
"""What the program `ignition-apply` does not apply, as Ignition."""
_HINT = "this needs a first boot; --ignore-unsupported skips it and applies the rest"
_HINT_FOR_ACCOUNTS = (
    "--ignore-unsupported skips it and applies the rest; "
    "from outside of the container, `ignition apply --root DIR` makes accounts"
)
_ALWAYS = (
    ("kargs", "kargs modifications", ("kernelArguments", "shouldExist")),
    ("kargs", "kargs modifications", ("kernelArguments", "shouldNotExist")),
    ("disks", "disk modifications", ("storage", "disks")),
    ("disks", "disk modifications", ("storage", "raid")),
    ("disks", "disk modifications", ("storage", "luks")),
    ("disks", "disk modifications", ("storage", "filesystems")),
)


@dataclass(frozen=True)
class Part:
    """A member of a config that is not applied: its phase, Ignition's name for it, path and entries."""

    phase: str
    what: str
    path: tuple[str, str]
    entries: int

    def __str__(self) -> str:
        count = f"{self.entries} {'entry' if self.entries == 1 else 'entries'}"
        return f"{'.'.join(self.path)} ({count})"


def parts(config: dict[str, Any], *, accounts: bool) -> list[Part]:
    """Those that the config has; with `accounts`, users and groups are among them."""
    return [
        Part(phase, what, path, len(found))
        for phase, what, path in (*_ALWAYS, *(ACCOUNTS if accounts else ()))
        if (found := (config.get(path[0]) or {}).get(path[1]))
    ]


def _refusals(found: Iterable[Part], table: Table) -> Iterator[Failure]:
    """A refusal (IGN6501) for each part, in Ignition's words."""
    for part in found:
        yield Refused(
            "IGN6501",
            f"running stage '{part.phase}': cannot apply {part.what} live: {part}",
            origins.find(table, *part.path),
            hint=_HINT_FOR_ACCOUNTS if part.path[0] == "passwd" else _HINT,
        )


def refused(found: Iterable[Part], table: Table) -> Failure:
    """All refusals as one failure."""
    return combine(list(_refusals(found, table)))


def without(config: dict[str, Any], skipped: Iterable[Part]) -> dict[str, Any]:
    """The config without these parts."""
    left = dict(config)
    for part in skipped:
        section, member = part.path
        left[section] = {name: item for name, item in left[section].items() if name != member}
    return left
