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
    hint="set format, or remove the other members",
)
"""Without a format, no filesystem is created or mounted, so the other members would have no effect."""

UNKNOWN_FORMAT = Rule(
    "IGN1602",
    "invalid filesystem format",
    hint="use ext4, btrfs, xfs, swap or vfat; none needs spec 3.3.0",
)
"""Ignition can create these formats. `none` (since 3.3.0) only wipes; `virtiofs` (3.7.0-experimental) only
mounts."""

LABEL_NEEDS_FORMAT = Rule(
    "IGN1603",
    "filesystem must specify format if label is specified",
    hint="set format",
)
"""mkfs writes the label, and its maximum length depends on the format."""

LABEL_TOO_LONG = Rule(
    "IGN1604",
    "filesystem labels cannot be longer than the format allows",
    hint="shorten the label; bytes count, and a non-ASCII letter takes 2 to 4",
)
"""The limits in bytes are: ext4 16, btrfs 256, xfs 12, swap 15, vfat 11."""

TAG_REQUIRED = Rule(
    "IGN1611",
    "device not specified",
    hint="set device to the tag of the shared directory",
)
"""For virtiofs, `device` is the mount tag. 3.7.0-experimental."""

TAG_TOO_LONG = Rule(
    "IGN1612",
    "virtiofs device tag cannot be longer than 36 bytes",
    hint="shorten the tag here and on the host",
)
"""The tag field in the virtio configuration space has 36 bytes. 3.7.0-experimental."""

VIRTIOFS_LABEL = Rule(
    "IGN1613",
    "filesystem labels cannot be set when using virtiofs",
    hint="remove label",
)
"""A shared directory has no label. 3.7.0-experimental."""

VIRTIOFS_UUID = Rule(
    "IGN1614",
    "filesystem uuid cannot be set for non-block-device filesystems",
    hint="remove uuid",
)
"""A shared directory has no UUID. 3.7.0-experimental."""

VIRTIOFS_WIPE = Rule(
    "IGN1615",
    "wipeFilesystem cannot be set for non-block-device filesystems",
    hint="remove wipeFilesystem",
)
"""A shared directory belongs to the host and cannot be wiped. 3.7.0-experimental."""

VIRTIOFS_OPTIONS = Rule(
    "IGN1616",
    "filesystem options (mkfs) cannot be set for non-block-device filesystems",
    hint="remove options; mountOptions are allowed",
)
"""mkfs does not run for virtiofs, so it takes no options. 3.7.0-experimental."""

_LABEL_BYTES = {"ext4": 16, "btrfs": 256, "xfs": 12, "swap": 15, "vfat": 11}
_VIRTIOFS = "virtiofs"
_TAG_BYTES = 36
_VIRTIOFS_SINCE = 7
_NONE_SINCE = 3


def check_filesystem(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """Checks a filesystem by spec 3.`minor`."""
    kind = value.get("format", "")
    is_virtiofs = kind == _VIRTIOFS and minor >= _VIRTIOFS_SINCE
    if (path := value.get("path")) and (rule := check_path(path)):
        yield rule.at("path")
    device = value.get("device", "")
    if rule := _check_tag(device) if is_virtiofs else check_path(device):
        yield rule.at("device")
    if rule := _check_format(value, kind, minor):
        yield rule.at("format")
    if (label := value.get("label")) and (rule := _check_label(label, kind, is_virtiofs)):
        yield rule.at("label")
    if is_virtiofs:
        yield from _check_virtiofs(value)


def _check_tag(tag: str) -> Rule | None:
    if not tag:
        return TAG_REQUIRED
    return TAG_TOO_LONG if len(tag.encode()) > _TAG_BYTES else None


def _check_format(value: dict[str, Any], kind: str, minor: int) -> Rule | None:
    if not kind:
        others = ("path", "label", "uuid", "wipeFilesystem", "options", "mountOptions")
        return FORMAT_NEEDED if any(value.get(name) for name in others) else None
    known = (
        kind in _LABEL_BYTES
        or (kind == "none" and minor >= _NONE_SINCE)
        or (kind == _VIRTIOFS and minor >= _VIRTIOFS_SINCE)
    )
    return None if known else UNKNOWN_FORMAT


def _check_label(label: str, kind: str, is_virtiofs: bool) -> Rule | None:
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


def _check_virtiofs(value: dict[str, Any]) -> Iterator[RuleFinding]:
    if value.get("uuid"):
        yield VIRTIOFS_UUID.at("uuid")
    if value.get("wipeFilesystem"):
        yield VIRTIOFS_WIPE.at("wipeFilesystem")
    if value.get("options"):
        yield VIRTIOFS_OPTIONS.at("options")
