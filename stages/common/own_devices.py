# SPDX-License-Identifier: Apache-2.0
"""Recognises tables, partitions and arrays of an earlier run with this config by their GUIDs and UUIDs."""

from __future__ import annotations

import os

from ignition.system import devices, gpt, mdsuper, partitioning

from . import guids
from .journal import digest_of_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config import model
    from ignition.engine.context import PhaseContext
    from ignition.system.devices import Block
    from ignition.system.gpt import Table
    from ignition.system.mdsuper import Superblock


def is_own_device(context: PhaseContext, config: model.Config, block: Block) -> bool:
    """Whether a device is a partition or an array that was created for this config."""
    digest = digest_of_config(context)
    if not digest:
        return False
    disk, number = devices.partition_place(block)
    if disk:
        return _is_own_partition(config, digest, disk, number)
    return any(
        is_own_array(member, digest, entry)
        for member in _member_superblocks(block)
        for entry in config.storage.raid
    )


def _is_own_partition(config: model.Config, digest: str, disk: str, number: int) -> bool:
    for disk_entry in config.storage.disks:
        try:
            if devices.block(disk_entry.device).number != devices.block(disk).number:
                continue
            table = partitioning.inspect(disk_entry.device).table
        except (OSError, gpt.Unreadable):
            continue
        partition = table.partition(number) if table else None
        if table is None or partition is None:
            continue
        if is_own_table(table, digest, disk_entry.device) or any(
            guids.matches(partition.guid, digest, f"{disk_entry.device} {entry}")
            for entry in range(len(disk_entry.partitions))
        ):
            return True
    return False


def new_table_guid(digest: str, device: str) -> bytes:
    """The GUID of a new table for a disk of the config."""
    return gpt.guid_bytes(guids.new_guid(digest, f"{device} table"))


def is_own_table(table: Table, digest: str, device: str) -> bool:
    """Whether the table was created for this disk of this config."""
    return guids.matches(gpt.guid_text(table.guid), digest, f"{device} table")


def new_array_uuid(digest: str, wanted: model.Raid) -> str:
    """The UUID of a new array in mdadm's notation; "" to let mdadm choose one."""
    if not digest:
        return ""
    text = gpt.guid_bytes(guids.new_guid(digest, f"{wanted.name} array")).hex()
    return ":".join(text[at : at + 8] for at in range(0, 32, 8))


def is_own_array(member: Superblock, digest: str, wanted: model.Raid) -> bool:
    """Whether the array with this superblock was created for this entry of this config."""
    return guids.matches(gpt.guid_text(member.uuid), digest, f"{wanted.name} array")


def _member_superblocks(block: Block) -> list[Superblock]:
    """The superblocks of an array's members; empty for any other device."""
    try:
        names = os.listdir(f"{block.sysfs}/slaves") if os.path.isdir(f"{block.sysfs}/md") else []
    except OSError:
        return []
    found = (read_superblock(f"/dev/{name}") for name in names)
    return [one for one in found if one is not None]


def read_superblock(node: str) -> Superblock | None:
    """The md superblock of a device, None if it has none or is unreadable."""
    try:
        return mdsuper.read(node)
    except OSError:
        return None
