# SPDX-License-Identifier: Apache-2.0
"""Which of several configs a part of the merged config comes from, and where it stands there.

The table maps JSON pointers of the merged config to `[source, pointer in that source]`. The nearest entry
at or above a part counts. `origin_table` makes it, where the config is merged.
"""

from __future__ import annotations

from ignition.base.origin import Origin, pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    Table = dict[str, list[str]]


def find(sources: Table, *path: str | int) -> Origin:
    """The origin of a part of the merged config."""
    return find_pointer(sources, pointer(path))


def find_pointer(sources: Table, here: str) -> Origin:
    """The same for a JSON pointer."""
    above = here
    while above and above not in sources:
        above = above.rpartition("/")[0]
    source, there = sources.get(above, ["config", ""])
    return Origin(source, there + here[len(above) :])
