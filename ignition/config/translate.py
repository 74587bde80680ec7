# SPDX-License-Identifier: Apache-2.0
"""Translates older configs to the newest spec, one version at a time (docs/behaviour/config.md).

Members that a version introduced are absent in older configs, so only changes of meaning need a step.
"""

from __future__ import annotations

from ignition.config import shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Value = dict[str, Any]


def to_newest(value: Value, version: str) -> Value:
    """Translates a valid config of `version` to the newest spec, in place."""
    if version == shapes.NEWEST:
        return value
    start = shapes.VERSIONS.index(version)
    for step in shapes.VERSIONS[start:-1]:
        if step in _STEPS:
            _STEPS[step](value)
    value["ignition"]["version"] = shapes.NEWEST
    return value


def _from_3_0(value: Value) -> None:
    """The source of a certificate authority became optional, so an absent one is made explicit."""
    tls = value["ignition"].get("security", {}).get("tls", {})
    for authority in tls.get("certificateAuthorities", ()):
        authority.setdefault("source", "")


def _from_3_2(value: Value) -> None:
    """Link target, RAID level, and pin and config of a custom Clevis pin became optional."""
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
    """Ignition drops the advertisement of Tang servers in this step."""
    for volume in value.get("storage", {}).get("luks", ()):
        for server in volume.get("clevis", {}).get("tang", ()):
            server.pop("advertisement", None)


def _from_3_5(value: Value) -> None:
    """Setuid, setgid and sticky bits had no effect before 3.6.0, so they are removed."""
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
