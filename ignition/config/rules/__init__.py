# SPDX-License-Identifier: Apache-2.0
"""Rules on the content of configs: everything that Ignition validates beyond structure, for every spec
version.

Each module covers one part of a config: constants with code, message and documentation, then the functions
that apply them. Findings come in Ignition's order.
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
    """Applies the rules of a spec version to a canonical config of that version.

    Paths start at the top of the config. Merged configs are checked without `duplicates`, since a merge
    leaves none.
    """
    # Imported late: phases that only apply a config need nothing but `values` of this package.
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
