# SPDX-License-Identifier: Apache-2.0
"""One config with all that it refers to, as an author looks at it: no platform, no base configs, no state."""

from __future__ import annotations

from ignition.acquisition import origin_table, origins
from ignition.acquisition.render import Rendering
from ignition.base.errors import InvalidConfig
from ignition.base.finding import ERROR, Finding
from ignition.base.origin import Origin
from ignition.base.record import record
from ignition.config.parse import parse, validate_rendered
from ignition.resource import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.acquisition.origins import Table
    from ignition.resource.context import FetchContext


@record
class Rendered:
    """A config that refers to nothing any more.

    value     canonical, of the newest spec; `ignition.config` is gone, since what it named is in here
    table     where each part comes from, for `origins.find_pointer`
    findings  warnings about it and its parts, each where it stands
    """

    value: dict[str, Any]
    table: Table
    findings: list[Finding]


def render(data: bytes, source: str, ctx: FetchContext) -> Rendered:
    """Renders the config in `data`. InvalidConfig when it, a part or the whole is refused (IGN4105), else
    Failure."""
    parsed = parse(data, source)
    rendering = Rendering(ctx)
    value = rendering.render(parsed.value, source, digest.sha512(data))
    section = {name: item for name, item in value["ignition"].items() if name != "config"}
    value = {**value, "ignition": section}
    table = origin_table.table(value, rendering.parts)
    findings = parsed.findings + rendering.findings
    if rendering.fetched:
        findings += _of_whole(value, table, findings)
    return Rendered(value, table, findings)


def _of_whole(value: dict[str, Any], table: Table, known: list[Finding]) -> list[Finding]:
    """What the rules say about the merged config and did not say about its parts."""
    findings = validate_rendered(value)
    for finding in findings:
        finding.origin = origins.find_pointer(table, finding.origin.pointer)
    if any(finding.severity == ERROR for finding in findings):
        text = "merging configs resulted in an invalid config: config is not valid"
        raise InvalidConfig("IGN4105", text, Origin("merged config"), findings=findings)
    said = {(finding.code, finding.origin.source, finding.origin.pointer) for finding in known}
    return [
        finding
        for finding in findings
        if (finding.code, finding.origin.source, finding.origin.pointer) not in said
    ]
