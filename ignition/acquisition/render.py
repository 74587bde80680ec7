# SPDX-License-Identifier: Apache-2.0
"""Resolves `ignition.config.merge` and `ignition.config.replace`, depth first, until one config is left.

A referenced config wins over the config that references it; among the references of one config, the later
wins. Each reference is fetched with the transport settings of the configs that lead to it, including those
that were merged so far (docs/behaviour/run.md).
"""

from __future__ import annotations

from ignition.acquisition.sources import Fetched, Part
from ignition.acquisition.transport import transport_settings
from ignition.acquisition.trust import Authorities
from ignition.base import digest
from ignition.base.errors import Failure
from ignition.base.finding import Finding
from ignition.base.origin import Origin
from ignition.config import urls
from ignition.config.merge import merge
from ignition.config.model import Config, Resource
from ignition.config.parse import parse
from ignition.resource.fetch import display_name, fetch_resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.resource.context import FetchContext

    Value = dict[str, Any]
    # The URL and the checksum of a config.
    Link = tuple[str, str]

# No config is nested this deep by hand; a server that makes up new configs for ever must be stopped.
MAX_DEPTH = 64
# Depth alone does not bound the work: configs with several references each multiply.
MAX_REFERENCES = 4096


class Rendering:
    """Renders one config and collects:

    parts     the configs that were merged, the strongest last
    fetched   the references, in the order in which they were fetched
    findings  warnings about the referenced configs

    Adds the text of each reference to `texts`, under its name; b"" if two different texts have one name.
    """

    def __init__(self, ctx: FetchContext, texts: dict[str, bytes] | None = None) -> None:
        self._ctx = ctx
        self._texts = texts
        self.authorities = Authorities()
        self.parts: list[Part] = []
        self.fetched: list[Fetched] = []
        self.findings: list[Finding] = []

    def render(self, value: Value, source: str, sha512: str) -> Value:
        """The config merged with everything it references. `source` is its name in messages, `sha512` the
        checksum of its bytes."""
        return self._render(value, source, {}, self._ctx, (("", sha512),))

    def _render(
        self,
        value: Value,
        source: str,
        inherited: Value,
        ctx: FetchContext,
        chain: tuple[Link, ...],
    ) -> Value:
        """Renders a config that was fetched with `ctx`. `inherited` are the transport settings of the configs
        that lead to it, `chain` the URLs and checksums on the way."""
        origin = Origin(source)
        settings = _merge_settings(inherited, value)
        self.authorities.fetch(value, settings, ctx, origin)
        config = Config(value).ignition.config
        if config.replace.source is not None:
            here = origin.at("ignition", "config", "replace")
            child_ctx = self._child_context(ctx, settings)
            child, name, link = self._fetch(child_ctx, config.replace, source, here, chain)
            return self._render(child, name, inherited, child_ctx, (*chain, link))
        self.parts.append(Part(source, "", value))
        result = value
        for index, reference in enumerate(config.merge):
            here = origin.at("ignition", "config", "merge", index)
            child_ctx = self._child_context(ctx, settings)
            child, name, link = self._fetch(child_ctx, reference, source, here, chain)
            child = self._render(child, name, settings, child_ctx, (*chain, link))
            result = merge(result, child)
            settings = _merge_settings(inherited, result)
        return result

    def _child_context(self, ctx: FetchContext, settings: Value) -> FetchContext:
        transport = self.authorities.transport(settings, ctx.transport.authorities)
        return ctx.with_transport(transport)

    def _fetch(
        self,
        ctx: FetchContext,
        reference: Resource,
        by: str,
        origin: Origin,
        chain: tuple[Link, ...],
    ) -> tuple[Value, str, Link]:
        """A referenced config, its name in messages, and its link of the chain."""
        url = reference.source
        if url is None:
            raise Failure("IGN4101", "source is required", origin)
        inline = url[:5].lower() == "data:"
        name = f"config inline in {origin}" if inline else display_name(url)
        data = fetch_resource(ctx, reference, origin)
        sha512 = digest.sha512(data)
        location = "from data url" if inline else f"at {name}"
        ctx.log.debug(f"fetched referenced config {location} with SHA512: {sha512}")
        if not data:
            raise Failure(
                "IGN4102",
                f"the referenced config is empty: {name}",
                origin,
                hint="an empty config would silently drop the user config; "
                'remove the reference, or serve at least {"ignition": {"version": "3.0.0"}}',
            )
        link = (url, sha512)
        if link in chain:
            raise Failure(
                "IGN4103",
                f"the config references itself: {name}",
                origin,
                hint="chain of references: " + " -> ".join(map(_describe, (*chain, link))),
            )
        if len(chain) > MAX_DEPTH:
            raise Failure("IGN4104", f"references are nested deeper than {MAX_DEPTH}", origin)
        if len(self.fetched) >= MAX_REFERENCES:
            raise Failure(
                "IGN4031",
                f"the config leads to more than {MAX_REFERENCES} others",
                origin,
                hint="configs that reference several others multiply: merge them into one",
            )
        parsed = _parse(data, name, origin)
        self.findings += parsed.findings
        if self._texts is not None:
            self._texts[name] = data if self._texts.get(name, data) == data else b""
        self.fetched.append(Fetched(name, sha512, len(data), by, _path(url)))
        return parsed.value, name, link


def _merge_settings(inherited: Value, value: Value) -> Value:
    """The transport settings of a config, merged over those of the configs that lead to it."""
    own = transport_settings(value)
    return merge(inherited, own) if inherited else own


def _parse(data: bytes, name: str, origin: Origin) -> Any:
    try:
        return parse(data, name)
    except Failure as failure:
        failure.text = f"{failure.text}: {name}, referenced by {origin}"
        raise


def _path(url: str) -> str:
    """What Ignition calls the source of a referenced config."""
    return "" if url[:5].lower() == "data:" else urls.unescape(urls.parse(url).path)


def _describe(link: Link) -> str:
    return display_name(link[0]) if link[0] else "the first config"
