# SPDX-License-Identifier: Apache-2.0
"""What acquisition hands to a phase."""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.acquisition.origins import Table
    from ignition.base.finding import Finding
    from ignition.resource.context import Transport


@record
class Acquired:
    """The config of a phase, from a platform (`acquire`) or from the cache (`cache`).

    user        the rendered user config, a canonical value of the newest spec
    full        the user config merged over the base configs
    findings    warnings about both; empty for a cached config, the fetch phase has logged them
    sources     the configs that were merged: dicts with kind, source, sha512, size and by (the referrer)
    origins     which source each part of `full` comes from
    transport   timeouts, proxies and CAs for what the user config references
    cache_text  the contents of the config cache; "" for a cached config
    """

    user: dict[str, Any]
    full: dict[str, Any]
    findings: list[Finding]
    sources: list[dict[str, Any]]
    origins: Table
    transport: Transport
    cache_text: str = ""
