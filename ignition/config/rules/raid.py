# SPDX-License-Identifier: Apache-2.0
"""Software RAID arrays."""

from __future__ import annotations

from ignition.config.rules.paths import check_path
from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding

LEVEL_REQUIRED = Rule(
    "IGN1701",
    "raid level is required",
    hint="set level to linear, raid0, raid1, raid4, raid5, raid6 or raid10",
)
"""mdadm has no default level. Since 3.3.0; before that, a missing level counts as an unknown one."""

UNKNOWN_LEVEL = Rule(
    "IGN1702",
    "unrecognized raid level",
    hint="use linear, raid0, raid1, raid4, raid5, raid6 or raid10",
)
"""Levels are those of mdadm, by name or number, in lower case."""

SPARES_UNSUPPORTED = Rule(
    "IGN1703",
    "spares unsupported for linear and raid0 arrays",
    hint="remove spares, or choose a redundant level",
)
"""A spare replaces a failed device; without redundancy there is no data to rebuild it from."""

DEVICES_REQUIRED = Rule(
    "IGN1704",
    "raid devices required",
    hint="list the devices of the array",
)
"""An array consists of at least one device."""

_WITHOUT_REDUNDANCY = ("linear", "raid0", "0", "stripe")
_REDUNDANT = ("raid1", "1", "mirror", "raid4", "4", "raid5", "5", "raid6", "6", "raid10", "10")


def check_raid(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """Checks an array and its devices by spec 3.`minor`."""
    level = value.get("level", "")
    if not level and minor >= 3:
        yield LEVEL_REQUIRED.at("level")
    elif level in _WITHOUT_REDUNDANCY:
        if value.get("spares"):
            yield SPARES_UNSUPPORTED.at("level")
    elif level not in _REDUNDANT:
        yield UNKNOWN_LEVEL.at("level")
    devices = value.get("devices", ())
    if not devices:
        yield DEVICES_REQUIRED.at("devices")
    for index, device in enumerate(devices):
        if rule := check_path(device):
            yield rule.at("devices", index)
