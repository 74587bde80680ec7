# SPDX-License-Identifier: Apache-2.0
"""Keys of volumes. They are in memory only: in sealed memory files, and in RUN_DIR for the files phase."""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.settings import Settings
    from ignition.config import model
    from ignition.engine.context import PhaseContext


@record
class Key:
    """A key in a sealed memory file. Programs get it as `path`, with `run(..., keep=(key.fileno,))`."""

    fileno: int
    generated: bool

    @property
    def path(self) -> str:
        """The path by which a program that inherits the descriptor opens the key."""
        return f"/proc/self/fd/{self.fileno}"


def collect(config: model.Config, context: PhaseContext) -> dict[str, Key]:
    """Fetches, verifies or generates the key of each volume: name -> key. Reports refusals (IGN2304)."""
    raise NotImplementedError


def hold(settings: Settings, name: str, key: Key) -> None:
    """Keeps a key in RUN_DIR/keys, for the files phase and for a repeated disks phase of this boot."""
    raise NotImplementedError


def held(settings: Settings, name: str) -> bytes | None:
    """The key that is held for a volume, None if there is none."""
    raise NotImplementedError


def drop(settings: Settings, name: str) -> None:
    """Removes the held key of a volume if there is one."""
    raise NotImplementedError
