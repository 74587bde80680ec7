# SPDX-License-Identifier: Apache-2.0
"""Looks up which source a part of the merged config comes from.

The table, built by `origin_table`, maps JSON pointers in the merged config to `[source, pointer in that
source]`. A part without an entry inherits from the nearest entry above it.
"""

from __future__ import annotations

from ignition.base.origin import Origin, pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    Table = dict[str, list[str]]


def find(table: Table, *path: str | int) -> Origin:
    """The origin of a part of the merged config."""
    return find_pointer(table, pointer(path))


def find_pointer(table: Table, here: str) -> Origin:
    """The same, for a JSON pointer."""
    above = here
    while above and above not in table:
        above = above.rpartition("/")[0]
    source, there = table.get(above, ["config", ""])
    return Origin(source, there + here[len(above) :])
