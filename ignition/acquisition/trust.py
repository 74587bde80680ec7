# SPDX-License-Identifier: Apache-2.0
"""The certificate authorities that configs list.

Each is fetched once per run, with the timeouts and proxy of the config that lists it and with the authorities
that were trusted before.
"""

from __future__ import annotations

from ignition.acquisition import transport
from ignition.base.log import quote
from ignition.config import dataurl, x509
from ignition.config.model import Config
from ignition.resource.body import Body, MemoryDestination
from ignition.resource.fetch import display_name, fetch_resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.origin import Origin
    from ignition.config.model import Resource
    from ignition.resource.context import FetchContext, Transport

    Value = dict[str, Any]


class Authorities:
    """The authorities of all configs of a run, cached by source."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def fetch(self, value: Value, settings: Value, ctx: FetchContext, origin: Origin) -> None:
        """Fetches those of one config that are not cached yet.

        settings  its transport settings merged over those of the configs that reference it
        ctx       with the transport that was used before this config
        origin    the config
        """
        config = Config(value)
        listed = config.ignition.security.tls.certificate_authorities
        if not listed:
            return
        own = ctx.with_transport(transport.build(settings, ctx.transport.authorities))
        for index, authority in enumerate(listed):
            source = authority.source or ""
            here = origin.at("ignition", "security", "tls", "certificateAuthorities", index)
            if source in self._blobs:
                _verify(self._blobs[source], authority, here)
                continue
            blob = fetch_resource(own, authority, here)
            for name in x509.common_names(x509.parse_certificates(blob, here), here):
                ctx.log.info(f"Adding {quote(name)} to list of CAs")
            self._blobs[source] = blob

    def transport(self, value: Value, before: tuple[bytes, ...] = ()) -> Transport:
        """The transport of a config; one that lists no authorities inherits `before`."""
        listed = Config(value).ignition.security.tls.certificate_authorities
        trusted = [
            certificate
            for authority in listed
            for certificate in x509.parse_certificates(self._blobs[authority.source or ""], None)
        ]
        return transport.build(value, tuple(trusted) if listed else before)

    def inline(self, value: Value) -> Value:
        """The config with its authorities as data URLs: later phases do not fetch them."""
        listed = Config(value).ignition.security.tls.certificate_authorities
        if not listed:
            return value
        inlined = []
        for authority in listed:
            members = {
                name: item
                for name, item in authority.raw.items()
                if name not in ("httpHeaders", "compression")
            }
            blob = self._blobs[authority.source or ""]
            inlined.append({**members, "source": dataurl.encode(blob, "text/plain;charset=utf-8")})
        section = value["ignition"]
        security = {**section["security"], "tls": {"certificateAuthorities": inlined}}
        return {**value, "ignition": {**section, "security": security}}


def cached_transport(value: Value, ctx: FetchContext, origin: Origin) -> Transport:
    """The transport of a cached config, whose authorities are data URLs."""
    trusted: list[bytes] = []
    for authority in Config(value).ignition.security.tls.certificate_authorities:
        trusted += x509.parse_certificates(fetch_resource(ctx, authority, origin), origin)
    return transport.build(value, tuple(trusted))


def _verify(blob: bytes, authority: Resource, origin: Origin) -> None:
    """Checks a cached authority against the checksum of another config that lists it. Failure IGN4011."""
    name = display_name(authority.source or "")
    body = Body(
        MemoryDestination(name, origin), name, origin, verification=authority.verification.hash
    )
    body.write(blob)
    body.end()
