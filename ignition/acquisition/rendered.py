# SPDX-License-Identifier: Apache-2.0
"""Renders one config for its author, without a platform, base configs or a state file."""

from __future__ import annotations

from ignition.acquisition import merge_check, origin_table
from ignition.acquisition.render import Rendering
from ignition.base import digest
from ignition.base.record import record
from ignition.config.parse import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ignition.acquisition.origins import Table
    from ignition.acquisition.sources import Fetched, Part
    from ignition.base.finding import Finding
    from ignition.resource.context import FetchContext


@record
class Rendered:
    """A config without references.

    value     canonical, of the newest spec, without `ignition.config`: its references are resolved
    table     which source each part comes from, for `origins.find_pointer`
    findings  warnings about the sources and about the whole; origins point into the sources
    parts     the configs that were merged, the strongest last
    fetched   the referenced configs
    texts     source -> its text; a name that two different texts share is left out
    """

    value: dict[str, Any]
    table: Table
    findings: list[Finding]
    parts: Sequence[Part] = ()
    fetched: Sequence[Fetched] = ()
    texts: Mapping[str, bytes] | None = None


def render(data: bytes, source: str, ctx: FetchContext) -> Rendered:
    """Renders the config in `data`. InvalidConfig if it or a referenced config is invalid, or the merged
    config is (IGN4105); Failure if a reference cannot be fetched."""
    parsed = parse(data, source)
    texts = {source: data}
    rendering = Rendering(ctx, texts)
    value = rendering.render(parsed.value, source, digest.sha512(data))
    section = {name: item for name, item in value["ignition"].items() if name != "config"}
    value = {**value, "ignition": section}
    table = origin_table.build(value, rendering.parts)
    findings = parsed.findings + rendering.findings
    if rendering.fetched:
        findings += merge_check.check(value, table, findings)
    known = {name: text for name, text in texts.items() if text}
    return Rendered(value, table, findings, rendering.parts, rendering.fetched, known)
