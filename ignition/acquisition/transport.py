# SPDX-License-Identifier: Apache-2.0
"""Builds the transport of a config from its ignition section: timeouts, proxies, CAs."""

from __future__ import annotations

from ignition.config.limits import MAX_SECONDS
from ignition.config.model import Config
from ignition.resource.context import HEADERS_TIMEOUT, Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Value = dict[str, Any]


def transport_settings(value: Value) -> Value:
    """A copy of the config reduced to the members that affect how its references are fetched."""
    section = value.get("ignition", {})
    names = ("version", "timeouts", "security", "proxy")
    return {"ignition": {name: section[name] for name in names if name in section}}


def build(value: Value, authorities: tuple[bytes, ...]) -> Transport:
    """The timeouts and proxies of a config, with these CA certificates (DER)."""
    section = Config(value).ignition
    headers = section.timeouts.http_response_headers
    return Transport(
        total=_seconds(section.timeouts.http_total or 0),
        headers=HEADERS_TIMEOUT if headers is None else _seconds(headers),
        http_proxy=section.proxy.http_proxy or "",
        https_proxy=section.proxy.https_proxy or "",
        no_proxy=tuple(section.proxy.no_proxy),
        authorities=authorities,
    )


def _seconds(configured: int) -> int:
    """Clamps a timeout to what a socket accepts; a config may contain any 64-bit number. 0 = no limit."""
    return min(max(configured, 0), MAX_SECONDS)
