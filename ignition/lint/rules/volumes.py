# SPDX-License-Identifier: Apache-2.0
"""Keys of LUKS volumes, and entries in the way of what the engine itself writes for volumes."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from ignition.base.finding import ERROR
from ignition.config import limits
from ignition.lint.rule import LintRule
from ignition.lint.subject import inline_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ignition.lint.rule import Violation
    from ignition.lint.subject import Subject

VOLUME_PATH_TAKEN = LintRule(
    "IGN1980",
    "the engine itself writes this path, for a LUKS volume",
    hint="remove the entry: the engine stores keys in /etc/luks and lists volumes in /etc/crypttab",
    severity=ERROR,
    since="3.2.0",
)
"""The key of a volume without Clevis is stored in `/etc/luks/NAME`, which must not exist. `/etc/crypttab` may
be a file of the config, to which the engine adds its lines, but neither a directory nor a symbolic link. The
files phase refuses such a config before it writes anything."""

EMPTY_KEY = LintRule(
    "IGN1981",
    "the key file of the volume is empty",
    hint="give a key, or remove keyFile to have one generated",
    severity=ERROR,
    since="3.2.0",
)
"""cryptsetup accepts no empty key file. The disks phase refuses the config before it changes a disk."""

PARTITIONED_VOLUME = LintRule(
    "IGN1828",
    "a LUKS volume cannot be partitioned",
    hint="partition the disk below it, and encrypt the partitions",
    severity=ERROR,
    since="3.2.0",
)
"""Neither the kernel nor udev maps partitions of an opened LUKS volume, so they never appear. The disks phase
refuses such a config (IGN2119) before it changes a disk. The volume is recognised by `/dev/mapper/NAME` and
by udev's links with its name or its UUID."""

_CRYPTTAB = "/etc/crypttab"


def check(subject: Subject) -> Iterator[Violation]:
    yield from _partitioned(subject)
    keys = {
        f"/etc/luks/{volume.get('name', '')}"
        for volume, _ in subject.items("storage", "luks")
        if not limits.has_clevis(volume)
    }
    for resource, path in subject.key_files:
        body = inline_body(resource, path)
        if body is not None and body.data == b"":
            yield EMPTY_KEY.at((*path, "source"))
    for item, path in subject.nodes():
        place = posixpath.normpath(item.get("path", ""))
        in_the_way = path[1] == "directories" or (path[1] == "links" and not item.get("hard"))
        if place in keys or (place == _CRYPTTAB and in_the_way):
            yield VOLUME_PATH_TAKEN.at((*path, "path"))


def _partitioned(subject: Subject) -> Iterator[Violation]:
    owners = {
        device: volume.get("name", "")
        for volume, _ in subject.items("storage", "luks")
        for device in _devices(volume.get("name", ""), volume.get("uuid"))
    }
    for disk, path in subject.items("storage", "disks"):
        device = disk.get("device", "")
        if device in owners:
            message = f"{device} is the LUKS volume {owners[device]}, which cannot be partitioned"
            yield PARTITIONED_VOLUME.at((*path, "device"), message)


def _devices(name: str, uuid: str | None) -> Iterator[str]:
    yield f"/dev/mapper/{name}"
    yield f"/dev/disk/by-id/dm-name-{name}"
    if uuid:
        yield f"/dev/disk/by-id/dm-uuid-CRYPT-LUKS2-{uuid.replace('-', '').lower()}-{name}"
