# SPDX-License-Identifier: Apache-2.0
"""From the ignition section of a config to the settings with which its references are fetched."""

from __future__ import annotations

from ignition.config.limits import MAX_SECONDS
from ignition.config.model import Config
from ignition.resource.context import HEADERS_TIMEOUT, Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Value = dict[str, Any]


def settings_of(value: Value) -> Value:
    """A config with nothing but what decides how its references are fetched."""
    section = value.get("ignition", {})
    names = ("version", "timeouts", "security", "proxy")
    return {"ignition": {name: section[name] for name in names if name in section}}


def with_authorities(value: Value, trusted: tuple[bytes, ...]) -> Transport:
    """The timers and proxies of a config, with these authorities."""
    section = Config(value).ignition
    headers = section.timeouts.http_response_headers
    return Transport(
        total=_seconds(section.timeouts.http_total or 0),
        headers=HEADERS_TIMEOUT if headers is None else _seconds(headers),
        http_proxy=section.proxy.http_proxy or "",
        https_proxy=section.proxy.https_proxy or "",
        no_proxy=tuple(section.proxy.no_proxy),
        authorities=trusted,
    )


def _seconds(wanted: int) -> int:
    """What a timer can be set to; 0 is none. A config may have any number of 64 bits."""
    return min(max(wanted, 0), MAX_SECONDS)
