# SPDX-License-Identifier: Apache-2.0
"""Origins: the config, the part of it, and the line that something comes from."""

from __future__ import annotations

from ignition.base.record import record


@record
class Origin:
    """A position in a config.

    `source` is a readable name (a file name, `user config from qemu`, a URL without its query), `pointer` a
    JSON pointer. `line` and `column` count from 1; 0 means unknown.
    """

    source: str
    pointer: str = ""
    line: int = 0
    column: int = 0

    def at(self, *path: str | int) -> Origin:
        """The origin of a child at `path`. Line and column are dropped, since they belong to the parent."""
        return Origin(self.source, self.pointer + pointer(path))

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        return f"{place}: {self.pointer}" if self.pointer else place


def pointer(path: tuple[str | int, ...]) -> str:
    """The JSON pointer (RFC 6901) for a path of keys and indexes."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
