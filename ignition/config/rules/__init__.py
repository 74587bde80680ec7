# SPDX-License-Identifier: Apache-2.0
"""Rules on the content of configs: all that the original checks beyond structure, for every spec version.

Each module holds the rules of one part of a config: constants with code, message and documentation, then
the functions that apply them. Findings come in the original's order.
"""

from __future__ import annotations

from ignition.config.rules.rule import Rule, RuleFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["Rule", "RuleFinding", "findings"]


def findings(
    config: dict[str, Any], version: str, *, duplicates: bool = True
) -> Iterator[RuleFinding]:
    """What the rules of one spec version have to say about a canonical config of that version.

    Paths start at the top of the config. A config that was merged from several is checked without
    `duplicates`: the merge leaves none.
    """
    # Here, since the phases that only apply a config use `values` of this package, and nothing else.
    from ignition.config.rules.duplicates import check_duplicates
    from ignition.config.rules.ignition_section import check_ignition
    from ignition.config.rules.storage import check_storage
    from ignition.config.rules.systemd import check_systemd, check_unit_paths

    minor = int(version.split(".")[1])
    yield from check_unit_paths(config)
    for finding in check_ignition(config.get("ignition", {}), version):
        yield finding.with_prefix("ignition")
    for finding in check_storage(config.get("storage", {}), minor):
        yield finding.with_prefix("storage")
    for finding in check_systemd(config.get("systemd", {})):
        yield finding.with_prefix("systemd")
    if duplicates:
        yield from check_duplicates(config, version)
