# SPDX-License-Identifier: Apache-2.0
"""Refuses unsuitable devices before anything is changed."""

from __future__ import annotations

from ignition.base.errors import Failure, Refused
from ignition.system import devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin
    from ignition.system.devices import Block


def find_block(device: str, origin: Origin) -> Block:
    """The block device at a path that existed a moment ago. Failure IGN2004 if it has disappeared."""
    try:
        return devices.block(device)
    except OSError as error:
        text = f"{device} cannot be used: {error.strerror}"
        raise Failure("IGN2004", text, origin, cause=error) from error


def refuse_partition(block: Block, device: str, origin: Origin) -> None:
    """Refused IGN2112 if the device is a partition, because the kernel does not support nested partitions."""
    disk = devices.parent_disk(block)
    if disk:
        raise Refused(
            "IGN2112",
            f"{device} is a partition of {disk}, not a disk, and cannot be partitioned itself",
            origin,
            hint=f"name the disk ({disk}), and list its partitions",
        )


def refuse_read_only(block: Block, device: str, origin: Origin) -> None:
    """Refused IGN2113 if the device is read-only."""
    if devices.is_read_only(block):
        raise Refused(
            "IGN2113",
            f"{device} ({block.node}) is read-only",
            origin,
            hint="check for a write-protect switch, a virtual disk attached read-only, "
            f"or `blockdev --setro`; `blockdev --getro {block.node}` prints 1",
        )


def refuse_empty(block: Block, device: str, origin: Origin) -> None:
    """Refused IGN2114 if the device has no sectors."""
    if devices.size_in_bytes(block):
        return
    state = devices.read_sysfs(f"{block.sysfs}/md/array_state")
    if state:
        raise Refused(
            "IGN2114",
            f"{device} ({block.node}) is an array that is not running (it is {state}), so it has no size",
            origin,
            hint=f"members are missing: `mdadm --detail {block.node}` shows which; "
            f"`mdadm --run {block.node}` starts it without them, `mdadm --stop` releases the others",
        )
    raise Refused(
        "IGN2114",
        f"{device} ({block.node}) has no size",
        origin,
        hint="is there a medium in the drive, and a file behind the loop device?",
    )
