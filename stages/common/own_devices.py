# SPDX-License-Identifier: Apache-2.0
"""Which tables, partitions and arrays an earlier run with this config made, as their GUIDs and UUIDs tell."""

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


def has(context: PhaseContext, config: model.Config, block: Block) -> bool:
    """Whether a device is a partition or an array that was made for this config."""
    digest = digest_of_config(context)
    if not digest:
        return False
    number = devices.read_sysfs(f"{block.sysfs}/partition")
    if number:
        return _has_partition(config, digest, block, int(number))
    return any(
        is_own_array(member, digest, one)
        for member in members_of(block)
        for one in config.storage.raid
    )


def _has_partition(config: model.Config, digest: str, block: Block, number: int) -> bool:
    disk = devices.block_from_sysfs(os.path.dirname(block.sysfs))
    for one in config.storage.disks:
        try:
            if disk is None or devices.block(one.device).number != disk.number:
                continue
            table = partitioning.inspect(one.device).table
        except (OSError, gpt.Unreadable):
            continue
        partition = table.partition(number) if table else None
        if table is None or partition is None:
            continue
        if is_own_table(table, digest, one.device) or any(
            guids.is_ours(partition.guid, digest, f"{one.device} {entry}")
            for entry in range(len(one.partitions))
        ):
            return True
    return False


def new_table_guid(digest: str, device: str) -> bytes:
    """The GUID of a table that is made for a disk of the config."""
    return gpt.guid_bytes(guids.new_guid(digest, f"{device} table"))


def is_own_table(table: Table, digest: str, device: str) -> bool:
    """Whether the table was made for this disk of this config."""
    return guids.is_ours(gpt.guid_text(table.guid), digest, f"{device} table")


def new_array_uuid(digest: str, wanted: model.Raid) -> str:
    """The UUID of an array that is made for the config, as mdadm takes it; "" if it is to choose one."""
    if not digest:
        return ""
    text = gpt.guid_bytes(guids.new_guid(digest, f"{wanted.name} array")).hex()
    return ":".join(text[at : at + 8] for at in range(0, 32, 8))


def is_own_array(member: Superblock, digest: str, wanted: model.Raid) -> bool:
    """Whether the array of which this is the superblock was made for this entry of this config."""
    return guids.is_ours(gpt.guid_text(member.uuid), digest, f"{wanted.name} array")


def members_of(block: Block) -> list[Superblock]:
    """The superblocks of what an array is made of; none for anything else."""
    try:
        names = os.listdir(f"{block.sysfs}/slaves") if os.path.isdir(f"{block.sysfs}/md") else []
    except OSError:
        return []
    found = (read_superblock(f"/dev/{name}") for name in names)
    return [one for one in found if one is not None]


def read_superblock(node: str) -> Superblock | None:
    """The superblock of md on a device, None if there is none or it cannot be read."""
    try:
        return mdsuper.read(node)
    except OSError:
        return None
