# SPDX-License-Identifier: Apache-2.0
"""Which partitions and tables on the disks an earlier run with this config made, as their GUIDs tell."""

from __future__ import annotations

import os

from ignition.system import devices, gpt, partitioning

from . import partition_marks as marks
from .journal import digest_of_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config import model
    from ignition.engine.machine import Machine
    from ignition.system.devices import Block
    from ignition.system.gpt import Table


def has(machine: Machine, config: model.Config, block: Block) -> bool:
    """Whether a device is a partition that was made for this config."""
    number = devices.read_sysfs(f"{block.sysfs}/partition")
    disk = devices.block_of(os.path.dirname(block.sysfs)) if number else None
    if disk is None:
        return False
    digest = digest_of_config(machine)
    for one in config.storage.disks:
        try:
            if devices.block(one.device).number != disk.number:
                continue
            table = partitioning.inspect(one.device).table
        except (OSError, gpt.Unreadable):
            continue
        partition = table.partition(int(number)) if table else None
        if partition is None or table is None:
            continue
        entries = range(len(one.partitions))
        if is_own_table(table, digest, one.device) or any(
            marks.is_ours(partition.guid, digest, f"{one.device} {entry}") for entry in entries
        ):
            return True
    return False


def new_table_guid(digest: str, device: str) -> bytes:
    """The GUID of a table that is made for a disk of the config."""
    return gpt.guid_bytes(marks.new_guid(digest, f"{device} table"))


def is_own_table(table: Table, digest: str, device: str) -> bool:
    """Whether the table was made for this disk of this config."""
    return marks.is_ours(gpt.guid_text(table.guid), digest, f"{device} table")
