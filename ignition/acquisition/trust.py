# SPDX-License-Identifier: Apache-2.0
"""Certificate authorities that configs bring, fetched and kept for the run.

They are fetched with the timers and the proxy of the config that lists them, and with the authorities that
were trusted before it; each once in a run.
"""

from __future__ import annotations

import binascii

from ignition.acquisition.transport import with_authorities
from ignition.base.log import quote
from ignition.config import x509
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
    """The authorities of all configs of a run, by source."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def fetch(self, value: Value, settings: Value, ctx: FetchContext, origin: Origin) -> None:
        """Fetches those of one config that are new. `settings` are its own over those of the configs that
        led to it, `ctx` has the transport of before, `origin` is the config."""
        config = Config(value)
        listed = config.ignition.security.tls.certificate_authorities
        if not listed:
            return
        own = ctx.with_transport(with_authorities(settings, ctx.transport.authorities))
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
        """How the references of a config are fetched. A config without authorities keeps those of before."""
        listed = Config(value).ignition.security.tls.certificate_authorities
        trusted = [
            certificate
            for authority in listed
            for certificate in x509.parse_certificates(self._blobs[authority.source or ""], None)
        ]
        return with_authorities(value, tuple(trusted) if listed else before)

    def inline(self, value: Value) -> Value:
        """The config with its authorities as data URLs, so that no later phase fetches them."""
        listed = Config(value).ignition.security.tls.certificate_authorities
        if not listed:
            return value
        inlined = []
        for authority in listed:
            kept = {
                name: item
                for name, item in authority.raw.items()
                if name not in ("httpHeaders", "compression")
            }
            inlined.append({**kept, "source": _data_url(self._blobs[authority.source or ""])})
        section = value["ignition"]
        security = {**section["security"], "tls": {"certificateAuthorities": inlined}}
        return {**value, "ignition": {**section, "security": security}}


def of_cached(value: Value, ctx: FetchContext, origin: Origin) -> Transport:
    """The transport of a rendered config, whose authorities are data URLs."""
    trusted: list[bytes] = []
    for authority in Config(value).ignition.security.tls.certificate_authorities:
        trusted += x509.parse_certificates(fetch_resource(ctx, authority, origin), origin)
    return with_authorities(value, tuple(trusted))


def _verify(blob: bytes, authority: Resource, origin: Origin) -> None:
    """Failure IGN4011 if what another config listed too is not what this one expects."""
    name = display_name(authority.source or "")
    body = Body(
        MemoryDestination(name, origin), name, origin, verification=authority.verification.hash
    )
    body.write(blob)
    body.end()


def _data_url(blob: bytes) -> str:
    data = binascii.b2a_base64(blob, newline=False).decode("ascii")
    return f"data:text/plain;charset=utf-8;base64,{data}"
