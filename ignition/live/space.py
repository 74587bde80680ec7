# SPDX-License-Identifier: Apache-2.0
"""Refuses a root whose filesystem has no space for what a config adds: a full disk would leave half of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ignition.base.errors import Failure
from ignition.config import dataurl
from ignition.config.model import Config
from ignition.live.roots import no_space
from ignition.system.root import Root

_UNITS = "/etc/systemd/system"


def check(config: Config, folder: str) -> None:
    """Refused IGN6506. Counts files that are missing, whose contents are in the config, per filesystem."""
    root = Root(folder)
    needed: dict[int, tuple[str, int, int]] = {}
    for path, size in _texts(config):
        if root.lstat(path) is not None:
            continue
        place = _existing_parent(root, path)
        device = os.stat(place).st_dev
        _, files, blocks = needed.get(device, (place, 0, 0))
        block = os.statvfs(place).f_frsize or 1
        needed[device] = (place, files + 1, blocks + -(-size // block))
    for place, files, blocks in needed.values():
        free = os.statvfs(place)
        # Root may use the reserved blocks. Filesystems without a table of inodes report none of them.
        if blocks > free.f_bfree:
            short = (blocks - free.f_bfree) * free.f_frsize
            raise no_space(place, f"the config needs {short} bytes more than are free")
        if free.f_files and files > free.f_ffree:
            raise no_space(
                place, f"the config adds {files} files, and {free.f_ffree} inodes are free"
            )


def _existing_parent(root: Root, path: str) -> str:
    missing = root.first_missing(root.resolve(path))
    return root.full_path(missing.rpartition("/")[0]) or "/"


def _texts(config: Config) -> Iterator[tuple[str, int]]:
    for file in config.storage.files:
        resources = [file.contents, *file.append]
        yield file.path, sum(_length(each.source or "") for each in resources)
    for unit in config.systemd.units:
        if unit.contents:
            yield f"{_UNITS}/{unit.name}", len(unit.contents)
        for dropin in unit.dropins:
            yield f"{_UNITS}/{unit.name}.d/{dropin.name}", len(dropin.contents or "")


def _length(source: str) -> int:
    """Bytes of a data URL; 0 for others, which nobody knows before they are fetched."""
    if not source.startswith("data:"):
        return 0
    try:
        return len(dataurl.decode(source))
    except (dataurl.DataUrlError, Failure):
        return 0
