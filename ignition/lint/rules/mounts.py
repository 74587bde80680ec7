# SPDX-License-Identifier: Apache-2.0
"""Mount points of filesystems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignition.base.finding import INFO
from ignition.config.rules.paths import ancestors, distinct_lengths
from ignition.lint.rule import LintRule
from ignition.lint.unit_names import escape_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

DUPLICATE_MOUNT_POINT = LintRule(
    "IGN1831",
    "two filesystems have the same mount point",
    hint="mount each filesystem at a different path",
)
"""The config is valid, but the second filesystem is mounted over the first, which then cannot be written
to."""

NO_MOUNT_UNIT = LintRule(
    "IGN1832",
    "mounted during provisioning only: no unit mounts this filesystem on later boots",
    hint="add a mount unit for the path to systemd.units (Butane: with_mount_unit: true)",
)
"""`path` is the mount point during provisioning, so that files can be written to the filesystem. The running
system only mounts it if a unit such as `var-lib-data.mount` or `/etc/fstab` says so. Filesystems that the
system mounts itself (`/`, `/boot`, `/usr`, `/efi`) and configs that reference remote configs are not
reported."""

MOUNT_ORDER = LintRule(
    "IGN1833",
    "listed before its parent mount point",
    hint="list the parent filesystem first",
    severity=INFO,
)
"""The engine sorts mount points and mounts parents first. Other tools, and people who read the config, may
expect the order of the list."""

_SYSTEM = ("/", "/boot", "/boot/efi", "/efi", "/usr", "/sysroot")


def check(subject: Subject) -> Iterator[Violation]:
    seen: dict[str, int] = {}
    units = {unit.name for unit in subject.units} | subject.inventory.units
    listed = [
        (item["path"], path)
        for item, path in subject.items("storage", "filesystems")
        if item.get("path")
    ]
    last = {mount: number for number, (mount, _) in enumerate(listed)}
    of_length = distinct_lengths(last)
    for number, (mount, path) in enumerate(listed):
        if mount in seen:
            yield DUPLICATE_MOUNT_POINT.at((*path, "path"))
        seen[mount] = number
        parent = next(
            (each for each in _above(mount, of_length) if last.get(each, -1) > number), ""
        )
        if parent:
            yield MOUNT_ORDER.at((*path, "path"), f"{MOUNT_ORDER.title} {parent}")
        if not _mounted_on_later_boots(subject, mount, units):
            yield NO_MOUNT_UNIT.at((*path, "path"))


def _above(mount: str, of_length: list[int]) -> Iterator[str]:
    """Paths above a mount point that may be mount points, too, the nearest first."""
    yield from ancestors(mount, of_length)
    if mount.strip("/"):
        yield "/"


def _mounted_on_later_boots(subject: Subject, mount: str, units: set[str]) -> bool:
    if (
        mount in _SYSTEM
        or not subject.inventory.complete
        or "/etc/fstab" in subject.inventory.files
    ):
        return True
    name = escape_path(mount)
    return f"{name}.mount" in units or f"{name}.automount" in units
