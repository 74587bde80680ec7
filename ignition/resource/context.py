# SPDX-License-Identifier: Apache-2.0
"""What a fetch may know of the run: the settings of the config that asks, the log, the clock."""

from __future__ import annotations

import time

from ignition.base import interrupt
from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ignition.base.log import Log
    from ignition.base.settings import Settings

# Seconds until the headers of an answer must have come, unless a config says otherwise.
HEADERS_TIMEOUT = 10


@record
class Transport:
    """How the references of one config are fetched. Immutable: each config has its own.

    `total` bounds all tries, waits and the body of one resource, `headers` the time until the headers of an
    answer; both in seconds, 0 = no limit. `http_proxy` serves http targets only, `https_proxy` https targets
    only. `authorities` are certificates (DER) that are trusted beside the system's.
    """

    total: float = 0
    headers: int = HEADERS_TIMEOUT
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: tuple[str, ...] = ()
    authorities: tuple[bytes, ...] = ()


def no_progress(text: str) -> None:
    """A progress display that nobody watches."""


class FetchContext:
    """Hands a fetch everything that is not the resource itself.

    `progress` shows a short text to people. `clock` and `sleep` are the monotonic clock and its pause.
    `clients` is where the file of a scheme keeps its connections, for all fetches of the run.
    """

    __slots__ = ("clients", "clock", "log", "offline", "progress", "settings", "sleep", "transport")

    def __init__(
        self,
        settings: Settings,
        log: Log,
        *,
        offline: bool = False,
        transport: Transport | None = None,
        progress: Callable[[str], None] = no_progress,
    ) -> None:
        self.settings = settings
        self.log = log
        self.offline = offline
        self.transport = transport or Transport()
        self.progress = progress
        self.clock: Callable[[], float] = time.monotonic
        self.sleep: Callable[[float], None] = interrupt.sleep
        self.clients: dict[Any, Any] = {}

    def with_transport(self, transport: Transport) -> FetchContext:
        """The same run with the settings of another config."""
        other = FetchContext(
            self.settings,
            self.log,
            offline=self.offline,
            transport=transport,
            progress=self.progress,
        )
        other.clock, other.sleep, other.clients = self.clock, self.sleep, self.clients
        return other

    def for_metadata_service(self, end: float) -> FetchContext:
        """The same run without what configs say, to ask a metadata service until a time by the clock."""
        return self.with_transport(Transport(total=max(0.001, end - self.clock())))

    def deadline_after(self, limit: float) -> float:
        """The time by the clock when so many seconds from now are over; 0 for no limit."""
        return self.clock() + limit if limit else 0.0

    def time_limit(self) -> float:
        """Seconds that one resource may take in all: the config's total timer, and never more than
        `ignition.wait.fetch=` on the kernel command line. 0 = for ever."""
        limits = [bound for bound in (self.transport.total, self.settings.wait_fetch) if bound > 0]
        return float(min(limits, default=0))
