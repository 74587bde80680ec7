# SPDX-License-Identifier: Apache-2.0
"""QEMU's arguments for the drives of a guest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ignition.testbed.drives import Drive
from ignition.testbed.options import escape

IDE_PORTS = 6
"""Of the controller that q35 has."""


def drive_arguments(drives: Sequence[Drive]) -> Iterator[str]:
    """The arguments, controllers included. Names are given per bus in the order of `drives`."""
    if any(drive.bus == "scsi" for drive in drives):
        yield from ("-device", "virtio-scsi-pci,id=scsi")
    for index, drive in enumerate(drives):
        earlier = sum(other.bus == drive.bus for other in drives[:index])
        yield from ("-drive", _backend(index, drive))
        yield from ("-device", ",".join(_device(index, drive, earlier)))


def _backend(index: int, drive: Drive) -> str:
    # cache=unsafe: the images need not survive a crash of this machine. What the guest flushes survives the
    # end of QEMU, as it would a power cut.
    options = [
        f"file={escape(drive.image)},format={drive.format},if=none,id=disk{index}",
        *(["media=cdrom"] if drive.cdrom else ["cache=unsafe", "discard=unmap"]),
        *(["readonly=on"] if drive.read_only or drive.cdrom else []),
        *([f"throttling.iops-total={drive.iops}"] if drive.iops else []),
    ]
    return ",".join(options)


def _device(index: int, drive: Drive, earlier: int) -> Iterator[str]:
    """`earlier`: the number of drives on this bus before this one."""
    yield _kind(drive)
    yield f"drive=disk{index}"
    if drive.bus == "scsi":
        yield f"bus=scsi.0,scsi-id={earlier}"
    elif drive.bus == "ide":
        yield f"bus=ide.{earlier}"
    serial = drive.serial
    if drive.bus == "nvme" and not serial:
        serial = f"disk{index}"  # QEMU's NVMe drives must have one
    if serial:
        yield f"serial={escape(serial)}"
    if drive.model:
        yield f"model={escape(drive.model)}"
    if drive.wwn:
        yield f"wwn=0x{drive.wwn}"
    if drive.boot:
        yield "bootindex=0"


def _kind(drive: Drive) -> str:
    if drive.bus == "virtio":
        return "virtio-blk-pci"
    if drive.bus == "nvme":
        return "nvme"
    return f"{drive.bus}-{'cd' if drive.cdrom else 'hd'}"
