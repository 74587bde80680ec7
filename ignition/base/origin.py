# SPDX-License-Identifier: Apache-2.0
"""Where something stands: which config, which part of it, which line."""

from __future__ import annotations

from ignition.base.record import record


@record
class Origin:
    """`source` is in words for people (a file name, `user config from qemu`, a URL without its query);
    `pointer` is a JSON pointer; line and column count from 1, 0 where unknown."""

    source: str
    pointer: str = ""
    line: int = 0
    column: int = 0

    def at(self, *path: str | int) -> Origin:
        """The same source, further down by `path`. The position is dropped: it was the parent's."""
        return Origin(self.source, self.pointer + pointer(path))

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        return f"{place}: {self.pointer}" if self.pointer else place


def pointer(path: tuple[str | int, ...]) -> str:
    """The JSON pointer (RFC 6901) of a path of keys and indexes."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
