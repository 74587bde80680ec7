# SPDX-License-Identifier: Apache-2.0
"""Reports the end of each phase to platforms that collect it.

A failed report never changes the result of the run, and an unresponsive platform delays it by seconds only.
"""

from __future__ import annotations

from ignition.acquisition import platforms
from ignition.base.errors import Failure
from ignition.base.settings import FETCH_OFFLINE
from ignition.resource.context import FetchContext, Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.settings import Settings

# Seconds for one request; a report takes two. Ignition has no limit here.
LIMIT = 7


def is_wanted(settings: Settings) -> bool:
    """Whether this platform collects the status of phases. Then no phase may be skipped as idle."""
    return platforms.has_status(platforms.canonical(settings.platform))


def send(phase: str, error: str, settings: Settings, log: Log) -> None:
    """Reports a phase; `error` is "" for a success. fetch-offline has no network and reports nothing."""
    if phase == FETCH_OFFLINE:
        return
    ctx = FetchContext(settings, log, transport=Transport(total=LIMIT, headers=LIMIT))
    try:
        provider = platforms.with_status(platforms.canonical(settings.platform))
        if provider is not None:
            provider.status(ctx, phase, error)
    except Failure as failure:
        why = f" ({failure.hint})" if failure.hint else ""
        log.error(f"failed to report status to {settings.platform}: {failure.text}{why}")
