# SPDX-License-Identifier: Apache-2.0
"""QEMU's arguments for the drives of a guest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ignition.base.errors import Failure
from ignition.testbed.drives import Drive
from ignition.testbed.options import escape

IDE_DISKS = 4
"""Of the controller that is added for them: kernels for clouds have a driver for it, not for q35's own."""


def drive_arguments(drives: Sequence[Drive]) -> Iterator[str]:
    """The arguments, controllers included. Names are given per bus in the order of `drives`.

    Failure IGN8321 for more ATA disks than a guest can have.
    """
    if sum(drive.bus == "ide" for drive in drives) > IDE_DISKS:
        raise Failure(
            "IGN8321",
            f"a guest has at most {IDE_DISKS} ATA disks",
            hint="use another bus for some of them: virtio, scsi or nvme",
        )
    if any(drive.bus == "scsi" for drive in drives):
        yield from ("-device", "virtio-scsi-pci,id=scsi")
    if any(drive.bus == "ide" for drive in drives):
        yield from ("-device", "piix3-ide,id=ata")
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
        yield f"bus=ata.{earlier // 2},unit={earlier % 2}"
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
