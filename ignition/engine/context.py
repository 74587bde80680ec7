# SPDX-License-Identifier: Apache-2.0
"""What a stage plans with: settings, log, state and target root of one phase."""

from __future__ import annotations

from ignition.acquisition.origins import find
from ignition.resource.context import FetchContext, Transport, no_progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.acquisition.origins import Table
    from ignition.base.errors import Failure
    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.base.state import State


class PhaseContext:
    """One phase on one target.

    root      the target root, as given by --root
    origins   which source each part of the merged config comes from
    progress  shows a short text on the live view
    journal   the journal of the files phase, set by the first stage that opens it and shared by all
    refusals  reasons against the phase that stages have reported with `refuse`
    """

    __slots__ = (
        "_created",
        "_provided",
        "_transport",
        "journal",
        "log",
        "origins",
        "progress",
        "refusals",
        "root",
        "settings",
        "state",
    )

    def __init__(
        self,
        settings: Settings,
        log: Log,
        state: State,
        origins: Table,
        transport: Transport | None = None,
        progress: Callable[[str], None] = no_progress,
    ) -> None:
        self.settings = settings
        self.root = settings.root
        self.log = log
        self.state = state
        self.origins = origins
        self.progress = progress
        self.journal: object = None
        self.refusals: list[Failure] = []
        self._transport = transport
        self._provided: set[str] = set()
        self._created: set[str] = set()

    def origin(self, *path: str | int) -> Origin:
        """The origin of a part of the merged config; without a path, of the whole config."""
        return find(self.origins, *path)

    def pending(self, key: str) -> bool:
        """Whether a step that was planned before will change or create this resource."""
        return key in self._provided

    def is_settled(self, key: str) -> bool:
        """Whether a step that was planned before keeps this resource as it is."""
        return key in self._created and key not in self._provided

    def expect(self, provides: tuple[str, ...], creates: tuple[str, ...]) -> None:
        """Records what a planned step provides and creates. The planner calls this, not a stage."""
        self._provided.update(provides)
        self._created.update(creates)

    def refuse(self, failure: Failure) -> None:
        """Reports a reason against the phase. The stage goes on, so that the user sees all reasons."""
        self.refusals.append(failure)

    @property
    def fetch_context(self) -> FetchContext:
        """A new context to fetch what the config references, with its timeouts, proxies and CAs."""
        return FetchContext(
            self.settings, self.log, transport=self._transport, progress=self.progress
        )
