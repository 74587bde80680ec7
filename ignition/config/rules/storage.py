# SPDX-License-Identifier: Apache-2.0
"""The storage section: rules for combinations of entries, then rules for each entry."""

from __future__ import annotations

from ignition.base.finding import WARNING
from ignition.config.rules.disks import check_disk
from ignition.config.rules.filesystems import check_filesystem
from ignition.config.rules.luks import check_luks
from ignition.config.rules.nodes import check_directory, check_file, check_link
from ignition.config.rules.paths import ancestors, clean, distinct_lengths
from ignition.config.rules.raid import check_raid
from ignition.config.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding

    Items = list[dict[str, Any]]

DIRECTORY_UNDER_LINK = Rule(
    "IGN1411",
    "directory path includes link in config",
    hint="use the path that the link points to, or remove the link",
)
"""Links are created last. The entry would create a directory at the path of the link, which then fails."""

FILE_UNDER_LINK = Rule(
    "IGN1412",
    "file path includes link in config",
    hint="use the path that the link points to, or remove the link",
)
"""As for directories."""

LINK_UNDER_LINK = Rule(
    "IGN1413",
    "link path includes link in config",
    hint="use the path that the other link points to, or remove that link",
)
"""As for directories."""

TARGET_REQUIRED = Rule(
    "IGN1414",
    "link target is required",
    hint="set target",
)
"""A link needs a target. Since 3.3.0; older configs are accepted here and fail when they are rendered."""

HARD_LINK_TO_DIRECTORY = Rule(
    "IGN1415",
    "hard link target is a directory",
    hint="set hard to false, or link to a file",
)
"""Linux does not allow hard links to directories. Ignition resolves a relative target as if the path of the
link were a directory."""

HARD_LINK_OWNER = Rule(
    "IGN1416",
    "user/group ignored for hard link",
    hint="set the owner on the file that the link points to",
    severity=WARNING,
)
"""A hard link is another name for a file and shares its owner."""

PARTITIONS_OVERWRITTEN = Rule(
    "IGN1417",
    "filesystem overwrites partitioned device",
    hint="put the filesystem on a partition, or remove the partitions of the disk",
    severity=WARNING,
)
"""A filesystem on the whole disk overwrites the partition table that the same config creates."""

IMPLICIT_WIPE = Rule(
    "IGN1418",
    "device matches disk with wipeTable enabled; filesystem will be wiped",
    hint="set wipeFilesystem to true if this is intended, otherwise wipeTable to false",
    severity=WARNING,
)
"""Wiping the partition table destroys a filesystem on the whole disk, even if the config wants to keep it."""


def check_storage(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """Checks `$.storage` by spec 3.`minor`, in Ignition's order."""
    yield from _check_combinations(value, minor)
    for index, item in enumerate(value.get("directories", ())):
        for finding in check_directory(item, minor):
            yield finding.with_prefix("directories", index)
    for index, item in enumerate(value.get("disks", ())):
        for finding in check_disk(item):
            yield finding.with_prefix("disks", index)
    for index, item in enumerate(value.get("files", ())):
        for finding in check_file(item, minor):
            yield finding.with_prefix("files", index)
    for index, item in enumerate(value.get("filesystems", ())):
        for finding in check_filesystem(item, minor):
            yield finding.with_prefix("filesystems", index)
    for index, item in enumerate(value.get("links", ())):
        for finding in check_link(item):
            yield finding.with_prefix("links", index)
    for index, item in enumerate(value.get("luks", ())):
        for finding in check_luks(item, minor):
            yield finding.with_prefix("luks", index)
    for index, item in enumerate(value.get("raid", ())):
        for finding in check_raid(item, minor):
            yield finding.with_prefix("raid", index)


def _check_combinations(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    if links := value.get("links"):
        folders = value.get("directories", [])
        yield from _check_below_links(folders, links, DIRECTORY_UNDER_LINK, "directories")
        yield from _check_below_links(value.get("files", []), links, FILE_UNDER_LINK, "files")
        yield from _check_links(links, folders, minor)
    if disks := value.get("disks"):
        yield from _check_whole_disks(value.get("filesystems", []), disks)


def _check_below_links(items: Items, links: Items, rule: Rule, kind: str) -> Iterator[RuleFinding]:
    counts = _path_counts(links)
    lengths = distinct_lengths(counts)
    for index, item in enumerate(items):
        for folder in ancestors(item.get("path", ""), lengths):
            for _ in range(counts.get(folder, 0)):
                yield rule.at(kind, index)


def _path_counts(items: Items) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in items:
        path = item.get("path", "")
        counts[path] = counts.get(path, 0) + 1
    return counts


def _check_links(links: Items, folders: Items, minor: int) -> Iterator[RuleFinding]:
    folder_counts = _path_counts(folders)
    counts = _path_counts(links)
    lengths = distinct_lengths(counts)
    for index, item in enumerate(links):
        for folder in ancestors(item.get("path", ""), lengths):
            for _ in range(counts.get(folder, 0)):
                yield LINK_UNDER_LINK.at("links", index)
        if minor >= 3 and not item.get("target"):
            yield TARGET_REQUIRED.at("links", index, "target")
        elif item.get("hard"):
            for _ in range(folder_counts.get(_hard_link_target(item), 0)):
                yield HARD_LINK_TO_DIRECTORY.at("links", index)
            for kind in ("user", "group"):
                for part in ("id", "name"):
                    if part in item.get(kind, {}):
                        yield HARD_LINK_OWNER.at("links", index, kind, part)


def _hard_link_target(item: dict[str, Any]) -> str:
    target: str = item.get("target", "")
    if target.startswith("/"):
        return clean(target)
    joined = "/".join(part for part in (item.get("path", ""), target) if part)
    return clean(joined) if joined else ""


def _check_whole_disks(filesystems: Items, disks: Items) -> Iterator[RuleFinding]:
    by_device = {item.get("device", ""): item for item in disks}
    for index, item in enumerate(filesystems):
        under = by_device.get(item.get("device", ""))
        if under is None:
            continue
        if under.get("partitions"):
            yield PARTITIONS_OVERWRITTEN.at("filesystems", index, "device")
        elif under.get("wipeTable") and not item.get("wipeFilesystem"):
            yield IMPLICIT_WIPE.at("filesystems", index, "device")
