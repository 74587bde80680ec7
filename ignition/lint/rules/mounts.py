# SPDX-License-Identifier: Apache-2.0
"""Filesystems and where they are mounted."""

from __future__ import annotations

from ignition.base.finding import INFO
from ignition.config.rules.paths import ancestors, distinct_lengths
from ignition.lint.rule import LintRule
from ignition.lint.unit_names import escape_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

DUPLICATE_MOUNT_POINT = LintRule(
    "IGN1831",
    "another filesystem is mounted at the same path",
    hint="give each filesystem a path of its own",
)
"""Both are mounted, the later one on top, so that nothing can be written to the first. The config is
accepted all the same."""

NO_MOUNT_UNIT = LintRule(
    "IGN1832",
    "this filesystem is mounted for provisioning only: no unit mounts it at later boots",
    hint="add a mount unit for the path under systemd.units (in Butane: with_mount_unit: true)",
)
"""`path` says where a filesystem is mounted while the machine is provisioned, so that files can be written
to it. The running system mounts it only if it is told to, by a unit like `var-lib-data.mount` or by
`/etc/fstab`. What the system finds and mounts by itself (`/`, `/boot`, `/usr`, `/efi`) is not reported, nor
are configs of which a part lies elsewhere."""

MOUNT_ORDER = LintRule(
    "IGN1833",
    "listed before the filesystem that it is mounted in",
    hint="list the outer filesystem first",
    severity=INFO,
)
"""The engine mounts outer filesystems first, whatever their order in the config. Other readers of the
config, people among them, may not."""

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
        outer = next((each for each in _above(mount, of_length) if last.get(each, -1) > number), "")
        if outer:
            yield MOUNT_ORDER.at((*path, "path"), f"{MOUNT_ORDER.title}, {outer}")
        if not _stays(subject, mount, units):
            yield NO_MOUNT_UNIT.at((*path, "path"))


def _above(mount: str, of_length: list[int]) -> Iterator[str]:
    """Where another mount point may be that this one lies under, the nearest first."""
    yield from ancestors(mount, of_length)
    if mount.strip("/"):
        yield "/"


def _stays(subject: Subject, mount: str, units: set[str]) -> bool:
    if (
        mount in _SYSTEM
        or not subject.inventory.complete
        or "/etc/fstab" in subject.inventory.files
    ):
        return True
    name = escape_path(mount)
    return f"{name}.mount" in units or f"{name}.automount" in units
