# SPDX-License-Identifier: Apache-2.0
"""What a device must be before anything is written to it: each refusal comes before the first change."""

from __future__ import annotations

from ignition.base.errors import Failure, Refused
from ignition.system import devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin
    from ignition.system.devices import Block


def block_of(device: str, origin: Origin) -> Block:
    """The device behind a path that was there a moment ago. Failure IGN2004 if it has gone."""
    try:
        return devices.block(device)
    except OSError as error:
        text = f"{device} cannot be used: {error.strerror}"
        raise Failure("IGN2004", text, origin, cause=error) from error


def refuse_partition(block: Block, device: str, origin: Origin) -> None:
    """Refused IGN2112 for a partition in the place of a disk: the kernel shows no partitions inside it."""
    disk = devices.parent_disk(block)
    if disk:
        raise Refused(
            "IGN2112",
            f"{device} is a partition of {disk}, not a disk, and cannot be partitioned itself",
            origin,
            hint=f"name the disk ({disk}), and list what shall become of its partitions",
        )


def refuse_read_only(block: Block, device: str, origin: Origin) -> None:
    """Refused IGN2113 for a device that lets nobody write to it."""
    if devices.is_read_only(block):
        raise Refused(
            "IGN2113",
            f"{device} ({block.node}) is read-only, so nothing can be written to it",
            origin,
            hint="look for a write-protect switch, a read-only attachment of the virtual disk, "
            f"or `blockdev --setro`; `blockdev --getro {block.node}` says 1",
        )


def refuse_empty(block: Block, device: str, origin: Origin) -> None:
    """Refused IGN2114 for a device without a single sector."""
    if devices.size_in_bytes(block):
        return
    state = devices.read_sysfs(f"{block.sysfs}/md/array_state")
    if state:
        raise Refused(
            "IGN2114",
            f"{device} ({block.node}) is an array that is not running (it is {state}), so it has no size",
            origin,
            hint=f"members are missing: `mdadm --detail {block.node}` says which; `mdadm --run {block.node}` "
            "starts it without them, `mdadm --stop` frees those that are there",
        )
    raise Refused(
        "IGN2114",
        f"{device} ({block.node}) has no size",
        origin,
        hint="is there a medium in the drive, and a file behind the loop device?",
    )
