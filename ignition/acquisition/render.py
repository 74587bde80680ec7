# SPDX-License-Identifier: Apache-2.0
"""Following `ignition.config.merge` and `ignition.config.replace` until one config is left.

Depth first; what is merged in later wins, and all of it wins over the config that refers to it. Each
reference is fetched with the settings of the configs that lead to it, with what was merged so far.
"""

from __future__ import annotations

from ignition.acquisition.sources import Fetched, Part
from ignition.acquisition.transport import settings_of
from ignition.acquisition.trust import Authorities
from ignition.base.errors import Failure
from ignition.base.finding import Finding
from ignition.base.origin import Origin
from ignition.config import urls
from ignition.config.merge import merge
from ignition.config.model import Config, Resource
from ignition.config.parse import parse
from ignition.resource import digest
from ignition.resource.fetch import display_name, fetch_resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.resource.context import FetchContext

    Value = dict[str, Any]

# Deeper than anybody builds by hand; a config that leads to ever new ones must end somewhere.
MOST_LEVELS = 64
# Configs that refer to several which do so again lead to any number of them in a few kilobytes.
MOST_REFERENCES = 4096


class Rendering:
    """Renders one config. Then `parts` holds what went into it, the strongest last, `fetched` the references
    in the order in which they were fetched, `findings` the warnings about them."""

    def __init__(self, ctx: FetchContext) -> None:
        self._ctx = ctx
        self.authorities = Authorities()
        self.parts: list[Part] = []
        self.fetched: list[Fetched] = []
        self.findings: list[Finding] = []

    def render(self, value: Value, source: str, sha512: str) -> Value:
        """The config with all that it refers to. `source` is its words for people, `sha512` of its bytes."""
        return self._render(value, source, {}, self._ctx, (("", sha512),))

    def _render(
        self,
        value: Value,
        source: str,
        inherited: Value,
        ctx: FetchContext,
        chain: tuple[tuple[str, str], ...],
    ) -> Value:
        """`inherited` holds the settings of the configs that led here, `ctx` has the transport by which this
        one came, `chain` all URLs and sums on the way."""
        origin = Origin(source)
        self.authorities.fetch(value, _over(inherited, value), ctx, origin)
        config = Config(value).ignition.config
        if config.replace.source is not None:
            here = origin.at("ignition", "config", "replace")
            own = ctx.with_transport(self._transport(inherited, value, ctx))
            child, name, link = self._fetch(own, config.replace, source, here, chain)
            return self._render(child, name, inherited, own, (*chain, link))
        self.parts.append(Part(source, "", value))
        result = value
        for index, reference in enumerate(config.merge):
            here = origin.at("ignition", "config", "merge", index)
            own = ctx.with_transport(self._transport(inherited, result, ctx))
            child, name, link = self._fetch(own, reference, source, here, chain)
            settings = _over(inherited, result)
            child = self._render(child, name, settings, own, (*chain, link))
            result = merge(result, child)
        return result

    def _transport(self, inherited: Value, value: Value, ctx: FetchContext) -> Any:
        return self.authorities.transport(_over(inherited, value), ctx.transport.authorities)

    def _fetch(
        self,
        ctx: FetchContext,
        reference: Resource,
        by: str,
        origin: Origin,
        chain: tuple[tuple[str, str], ...],
    ) -> tuple[Value, str, tuple[str, str]]:
        """A referenced config, its words for people, and its link of the chain."""
        url = reference.source
        if url is None:
            raise Failure("IGN4101", "source is required", origin)
        inline = url[:5].lower() == "data:"
        name = f"config inline in {origin}" if inline else display_name(url)
        data = fetch_resource(ctx, reference, origin)
        total = digest.sha512(data)
        shown = "from data url" if inline else f"at {name}"
        ctx.log.debug(f"fetched referenced config {shown} with SHA512: {total}")
        if not data:
            raise Failure(
                "IGN4102",
                f"the referenced config is empty: {name}",
                origin,
                hint="an empty reference would silently drop the whole user config; "
                'take it out, or serve at least {"ignition": {"version": "3.0.0"}}',
            )
        link = (url, total)
        if link in chain:
            raise Failure(
                "IGN4103",
                f"the config refers to itself: {name}",
                origin,
                hint="it came this way: " + " -> ".join(_shown(each) for each in (*chain, link)),
            )
        if len(chain) > MOST_LEVELS:
            raise Failure("IGN4104", f"more than {MOST_LEVELS} configs refer to each other", origin)
        if len(self.fetched) >= MOST_REFERENCES:
            raise Failure(
                "IGN4031",
                f"the config leads to more than {MOST_REFERENCES} others",
                origin,
                hint="configs that refer to several which do so again lead to very many: merge them into one",
            )
        parsed = _parse(data, name, origin)
        self.findings += parsed.findings
        self.fetched.append(Fetched(name, total, len(data), by, _path(url)))
        return parsed.value, name, link


def _over(inherited: Value, value: Value) -> Value:
    """The settings of a config, over those of the configs that led to it."""
    own = settings_of(value)
    return merge(inherited, own) if inherited else own


def _parse(data: bytes, name: str, origin: Origin) -> Any:
    try:
        return parse(data, name)
    except Failure as failure:
        failure.text = f"{failure.text}: {name}, referenced by {origin}"
        raise


def _path(url: str) -> str:
    """What the original calls the source of a referenced config."""
    return "" if url[:5].lower() == "data:" else urls.unescape(urls.parse(url).path)


def _shown(link: tuple[str, str]) -> str:
    return display_name(link[0]) if link[0] else "the first config"
