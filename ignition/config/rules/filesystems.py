# SPDX-License-Identifier: Apache-2.0
"""Filesystems."""

from __future__ import annotations

from ignition.config.rules.paths import check_path
from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding

FORMAT_NEEDED = Rule(
    "IGN1601",
    "format cannot be empty when path, label, uuid, wipeFilesystem, options, or mountOptions is specified",
    hint="give the format, or leave the others out",
)
"""Without a format nothing is made and nothing mounted, so the other members would be ignored."""

UNKNOWN_FORMAT = Rule(
    "IGN1602",
    "invalid filesystem format",
    hint="use ext4, btrfs, xfs, swap, vfat, or since 3.3.0 none",
)
"""These can be made. `none` (since 3.3.0) only wipes; `virtiofs` (3.7.0-experimental) only mounts."""

LABEL_NEEDS_FORMAT = Rule(
    "IGN1603",
    "filesystem must specify format if label is specified",
    hint="give the format",
)
"""A label is written when the filesystem is made, and its limit depends on the format."""

LABEL_TOO_LONG = Rule(
    "IGN1604",
    "filesystem labels cannot be longer than the format allows",
    hint="shorten the label; a letter beyond ASCII takes 2 to 4 bytes, which are what is counted",
)
"""Bytes: ext4 16, btrfs 256, xfs 12, swap 15, vfat 11."""

TAG_REQUIRED = Rule(
    "IGN1611",
    "device not specified",
    hint="give the tag under which the host shares the folder",
)
"""A virtiofs is named by its tag, in `device`. 3.7.0-experimental."""

TAG_TOO_LONG = Rule(
    "IGN1612",
    "virtiofs device tag cannot be longer than 36 bytes",
    hint="shorten the tag, on the host too",
)
"""The field for the tag in virtio's configuration space has 36 bytes. 3.7.0-experimental."""

VIRTIOFS_LABEL = Rule(
    "IGN1613",
    "filesystem labels cannot be set when using virtiofs",
    hint="leave the label out",
)
"""The folder of a host has no label. 3.7.0-experimental."""

VIRTIOFS_UUID = Rule(
    "IGN1614",
    "filesystem uuid cannot be set for non-block-device filesystems",
    hint="leave the uuid out",
)
"""The folder of a host has no UUID. 3.7.0-experimental."""

VIRTIOFS_WIPE = Rule(
    "IGN1615",
    "wipeFilesystem cannot be set for non-block-device filesystems",
    hint="leave wipeFilesystem out",
)
"""The folder of a host is not the machine's to wipe. 3.7.0-experimental."""

VIRTIOFS_OPTIONS = Rule(
    "IGN1616",
    "filesystem options (mkfs) cannot be set for non-block-device filesystems",
    hint="leave options out; mountOptions are fine",
)
"""Nothing is made, so there is no program to give options to. 3.7.0-experimental."""

_LABEL_BYTES = {"ext4": 16, "btrfs": 256, "xfs": 12, "swap": 15, "vfat": 11}
_VIRTIOFS = "virtiofs"
_TAG_BYTES = 36
_VIRTIOFS_SINCE = 7
_NONE_SINCE = 3


def check_filesystem(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """A filesystem, in spec 3.`minor`."""
    kind = value.get("format", "")
    is_virtiofs = kind == _VIRTIOFS and minor >= _VIRTIOFS_SINCE
    if (path := value.get("path")) and (fault := check_path(path)):
        yield fault.at("path")
    device = value.get("device", "")
    if fault := _tag_fault(device) if is_virtiofs else check_path(device):
        yield fault.at("device")
    if fault := _format_fault(value, kind, minor):
        yield fault.at("format")
    if (label := value.get("label")) and (fault := _label_fault(label, kind, is_virtiofs)):
        yield fault.at("label")
    if is_virtiofs:
        yield from _virtiofs(value)


def _tag_fault(tag: str) -> Rule | None:
    if not tag:
        return TAG_REQUIRED
    return TAG_TOO_LONG if len(tag.encode()) > _TAG_BYTES else None


def _format_fault(value: dict[str, Any], kind: str, minor: int) -> Rule | None:
    if not kind:
        others = ("path", "label", "uuid", "wipeFilesystem", "options", "mountOptions")
        return FORMAT_NEEDED if any(value.get(name) for name in others) else None
    known = (
        kind in _LABEL_BYTES
        or (kind == "none" and minor >= _NONE_SINCE)
        or (kind == _VIRTIOFS and minor >= _VIRTIOFS_SINCE)
    )
    return None if known else UNKNOWN_FORMAT


def _label_fault(label: str, kind: str, is_virtiofs: bool) -> Rule | None:
    if not kind:
        return LABEL_NEEDS_FORMAT
    if is_virtiofs:
        return VIRTIOFS_LABEL
    limit = _LABEL_BYTES.get(kind)
    if limit is None or len(label.encode()) <= limit:
        return None
    return LABEL_TOO_LONG.with_message(
        f"filesystem labels cannot be longer than {limit} characters when using {kind}"
    )


def _virtiofs(value: dict[str, Any]) -> Iterator[RuleFinding]:
    if value.get("uuid"):
        yield VIRTIOFS_UUID.at("uuid")
    if value.get("wipeFilesystem"):
        yield VIRTIOFS_WIPE.at("wipeFilesystem")
    if value.get("options"):
        yield VIRTIOFS_OPTIONS.at("options")
