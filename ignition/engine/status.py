# SPDX-License-Identifier: Apache-2.0
"""Telling the platform how a phase ended, where it wants to know.

It never changes how the run ends, and a platform that does not listen costs some seconds at most.
"""

from __future__ import annotations

from ignition.acquisition import platforms
from ignition.base.errors import Failure
from ignition.resource.context import FetchContext, Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.settings import Settings

# Seconds for one request; a report takes two. The original waits for ever.
LIMIT = 7
_OFFLINE = "fetch-offline"


def wanted(settings: Settings) -> bool:
    """Whether this platform wants to hear of every phase. Then no phase is skipped."""
    return platforms.has_status(platforms.canonical(settings.platform))


def tell(phase: str, error: str, settings: Settings, log: Log) -> None:
    """Tells it; `error` is "" for a success. Not from the phase that has no network yet."""
    if phase == _OFFLINE:
        return
    ctx = FetchContext(settings, log, transport=Transport(total=LIMIT, headers=LIMIT))
    try:
        provider = platforms.with_status(platforms.canonical(settings.platform))
        if provider is not None:
            provider.status(ctx, phase, error)
    except Failure as failure:
        why = f" ({failure.hint})" if failure.hint else ""
        log.error(f"failed to report status to {settings.platform}: {failure.text}{why}")
