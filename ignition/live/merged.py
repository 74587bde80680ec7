# SPDX-License-Identifier: Apache-2.0
"""One config from several: each with the configs that it references, the later over the earlier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ignition.acquisition import merge_check, network_need, origin_table
from ignition.acquisition.render import Rendering
from ignition.base import digest
from ignition.base.finding import Finding
from ignition.config.merge import merge
from ignition.config.parse import parse
from ignition.resource.context import FetchContext, Transport

if TYPE_CHECKING:
    from ignition.acquisition.origins import Table


@dataclass(frozen=True)
class Source:
    """A config as it was read; `name` is for messages."""

    data: bytes
    name: str


@dataclass(frozen=True)
class Merged:
    """A config without references.

    value      canonical, of the newest spec
    table      which source each part comes from
    transport  its timeouts, proxies and certificate authorities
    findings   warnings about the sources and about the whole
    """

    value: dict[str, Any]
    table: Table
    transport: Transport
    findings: list[Finding]


def merge_all(sources: Sequence[Source], ctx: FetchContext) -> Merged:
    """Merges in the given order, and validates the result.

    InvalidConfig if a config or the result (IGN4105) is invalid, Failure if a reference cannot be fetched,
    NeedNetwork (IGN4003) if `ctx` is offline and anything needs the network, files too.
    """
    parsed = [parse(source.data, source.name) for source in sources]
    rendering = Rendering(ctx)
    rendered = [
        rendering.render(each.value, source.name, digest.sha512(source.data))
        for each, source in zip(parsed, sources, strict=True)
    ]
    value = rendered[0]
    for other in rendered[1:]:
        value = merge(value, other)
    transport = rendering.authorities.transport(value)
    value = rendering.authorities.inline(value)
    section = {name: item for name, item in value["ignition"].items() if name != "config"}
    value = {**value, "ignition": section}
    table = origin_table.build(value, rendering.parts)
    findings = [finding for each in parsed for finding in each.findings] + rendering.findings
    if len(rendering.parts) > 1:
        findings += merge_check.check(value, table, findings)
    if ctx.offline:
        need = network_need.network_need(value, table)
        if need is not None:
            raise need
    return Merged(value, table, transport, findings)
