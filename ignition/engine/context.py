# SPDX-License-Identifier: Apache-2.0
"""What a stage may know of the machine and of the run while it plans."""

from __future__ import annotations

from ignition.acquisition import origins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ignition.base.errors import Failure
    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.base.state import State
    from ignition.resource.context import FetchContext


class PhaseContext:
    """The target of one phase.

    root      the root of the target system, as given by --root
    progress  shows a short text on the live view
    journal   the journal of the files phase, set by the first stage that opens it; all stages share it
    """

    __slots__ = (
        "_fetch_context",
        "_provided",
        "journal",
        "log",
        "progress",
        "refusals",
        "root",
        "settings",
        "sources",
        "state",
    )

    def __init__(
        self,
        settings: Settings,
        log: Log,
        state: State,
        sources: dict[str, list[str]],
        fetch_context: Callable[[], FetchContext],
        progress: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.root = settings.root
        self.log = log
        self.state = state
        self.progress = progress
        self.journal: Any = None
        self.refusals: list[Failure] = []
        self.sources = sources
        self._fetch_context = fetch_context
        self._provided: set[str] = set()

    def origin(self, *path: str | int) -> Origin:
        """Which config asks for this part of the merged config, and where it stands there.

        `sources` maps pointers of the merged config to `[source, pointer there]`; the nearest entry above
        the part counts, the empty pointer stands for the whole config.
        """
        return origins.find(self.sources, *path)

    def pending(self, key: str) -> bool:
        """Whether a step that was planned before will provide this resource."""
        return key in self._provided

    def expect(self, keys: tuple[str, ...]) -> None:
        """Notes what a planned step provides. The planner calls it, not a stage."""
        self._provided.update(keys)

    def refuse(self, failure: Failure) -> None:
        """Notes a reason against the whole phase, so that all of them are reported together."""
        self.refusals.append(failure)

    @property
    def fetch_context(self) -> FetchContext:
        """For fetching what the config names, with the timeouts, proxy and CAs of that config."""
        return self._fetch_context()


def sources_of(state_engine: dict[str, Any]) -> dict[str, list[str]]:
    """The table of `PhaseContext.origin` as the fetch phase left it in the state."""
    found = state_engine.get("origins")
    return found if isinstance(found, dict) else {}
