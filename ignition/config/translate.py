# SPDX-License-Identifier: Apache-2.0
"""Older configs become newest ones, one version at a time (docs/behaviour/config.md).

Members that a version brought are simply absent in older configs; only what changed its meaning is here.
"""

from __future__ import annotations

from ignition.config import shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Value = dict[str, Any]


def to_newest(value: Value, version: str) -> Value:
    """The value of a valid config of `version` as the newest spec has it. Changes `value` itself."""
    if version == shapes.NEWEST:
        return value
    start = shapes.VERSIONS.index(version)
    for step in shapes.VERSIONS[start:-1]:
        if step in _STEPS:
            _STEPS[step](value)
    value["ignition"]["version"] = shapes.NEWEST
    return value


def _from_3_0(value: Value) -> None:
    """The source of a certificate authority becomes optional; here it is always given."""
    tls = value["ignition"].get("security", {}).get("tls", {})
    for authority in tls.get("certificateAuthorities", ()):
        authority.setdefault("source", "")


def _from_3_2(value: Value) -> None:
    """Link target, RAID level, and pin and config of a custom Clevis pin become optional."""
    storage = value.get("storage", {})
    for link in storage.get("links", ()):
        link.setdefault("target", "")
    for array in storage.get("raid", ()):
        array.setdefault("level", "")
    for volume in storage.get("luks", ()):
        custom = volume.get("clevis", {}).get("custom")
        if custom is not None:
            custom.setdefault("config", "")
            custom.setdefault("pin", "")


def _from_3_4(value: Value) -> None:
    """Ignition's step from 3.4 to 3.5 loses the advertisement of Tang servers; so does this one."""
    for volume in value.get("storage", {}).get("luks", ()):
        for server in volume.get("clevis", {}).get("tang", ()):
            server.pop("advertisement", None)


def _from_3_5(value: Value) -> None:
    """Special bits of modes had no effect before 3.6.0, and get none now."""
    storage = value.get("storage", {})
    for kind in ("directories", "files"):
        for node in storage.get(kind, ()):
            mode = node.get("mode")
            if mode is not None and mode & 0o7000:
                node["mode"] = mode & ~0o7000


_STEPS: dict[str, Callable[[Value], None]] = {
    "3.0.0": _from_3_0,
    "3.2.0": _from_3_2,
    "3.4.0": _from_3_4,
    "3.5.0": _from_3_5,
}
