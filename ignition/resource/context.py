# SPDX-License-Identifier: Apache-2.0
"""What a fetch gets from the run: transport settings of the config, log, clock, connections."""

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

# Seconds until the response headers must be complete, unless a config sets httpResponseHeaders.
HEADERS_TIMEOUT = 10


@record
class Transport:
    """Transport settings that one config sets for the resources it refers to.

    `total` bounds one resource with all attempts, waits and the body, `headers` the time until the response
    headers are complete; both in seconds, 0 = no limit. `http_proxy` is for http URLs only, `https_proxy` for
    https URLs only. `authorities` are certificates (DER) that are trusted in addition to the system's.
    """

    total: float = 0
    headers: int = HEADERS_TIMEOUT
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: tuple[str, ...] = ()
    authorities: tuple[bytes, ...] = ()


def no_progress(text: str) -> None:
    """A progress display that shows nothing."""


class FetchContext:
    """Everything a fetch needs besides the resource itself.

    `progress` shows a line on the console. `clock` and `sleep` are a monotonic clock and its sleep, in
    seconds. `clients` is where schemes keep connections, tokens and regions for later fetches of the run.
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
        """A copy with the transport settings of another config."""
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
        """A copy with default transport settings, for a metadata service. `end` is a time of the clock."""
        return self.with_transport(Transport(total=max(0.001, end - self.clock())))

    def deadline_after(self, limit: float) -> float:
        """The time of the clock in `limit` seconds; 0 = no limit."""
        return self.clock() + limit if limit else 0.0

    def time_limit(self) -> float:
        """Seconds for one resource: the config's total timeout, at most `ignition.wait.fetch=` of the kernel
        command line. 0 = no limit."""
        limits = [bound for bound in (self.transport.total, self.settings.wait_fetch) if bound > 0]
        return float(min(limits, default=0))
