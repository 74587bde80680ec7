# SPDX-License-Identifier: Apache-2.0
"""QEMU: the config is a fw_cfg item, `-fw_cfg name=opt/com.coreos/config,file=PATH`.

On architectures without fw_cfg it is a disk, `-device virtio-blk,serial=ignition`.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False

# With both, Ignition uses the first; in Flatcar it is undefined which one wins.
ITEMS = ("opt/com.coreos/config", "opt/org.flatcar-linux/config")

ARCHITECTURES_WITHOUT_FW_CFG = ("s390x", "ppc64le")
DISK = "/dev/disk/by-id/virtio-ignition"
DISK_TIMEOUT = 300
VIRTIO_BLK = "/sys/bus/virtio/drivers/virtio_blk"

# Seconds. For each read the kernel module skips from offset 0, so the time grows with the square of the size.
_WARN_AFTER, _REPORT_INTERVAL = 10.0, 5.0
# The limit for fetched configs. Larger items would take days to read.
SIZE_LIMIT = 64 * 1024 * 1024


def fetch(ctx: FetchContext) -> bytes:
    """The config; b"" if QEMU was started without one."""
    if os.uname().machine in ARCHITECTURES_WITHOUT_FW_CFG:
        return _from_disk(ctx)
    return _from_firmware(ctx)


def _from_firmware(ctx: FetchContext) -> bytes:
    root = ctx.settings.fw_cfg_dir
    if not os.path.exists(root):
        from ignition.system import kernelmodule

        kernelmodule.load("qemu_fw_cfg", "IGN5201", ctx.settings, ctx.log)
    for item in ITEMS:
        folder = os.path.join(root, "by_name", item)
        size = _size(os.path.join(folder, "size"))
        if size is not None:
            if size > SIZE_LIMIT:
                raise Failure("IGN4008", f"the fw_cfg item {item} is larger than 64 MiB")
            ctx.log.debug(f"reading fw_cfg item {item} ({size} bytes)")
            return _read(ctx, os.path.join(folder, "raw"), size)
    ctx.log.info(f"no fw_cfg item {ITEMS[0]}")
    return b""


def _size(path: str) -> int | None:
    """The size of a fw_cfg item; None if it does not exist."""
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Failure("IGN5202", f"cannot read the size of the fw_cfg item: {error}") from error


def _read(ctx: FetchContext, path: str, size: int) -> bytes:
    """Reads an item in as few and large reads as the kernel allows."""
    report_at = ctx.clock() + _WARN_AFTER
    warned = False
    data = bytearray()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while len(data) <= size and (piece := os.read(descriptor, size + 1 - len(data))):
                data += piece
                if ctx.clock() >= report_at:
                    report_at = ctx.clock() + _REPORT_INTERVAL
                    if not warned:
                        ctx.log.warning(
                            "fw_cfg is slow: its time grows with the square of the size"
                        )
                        warned = True
                    ctx.log.info(f"read {len(data)} of {size} bytes from fw_cfg")
                    ctx.progress(f"read {len(data)} of {size} bytes of the config from QEMU")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Failure("IGN5203", f"cannot read the fw_cfg item: {error.strerror}") from error
    if len(data) != size:
        found = "more" if len(data) > size else str(len(data))
        raise Failure("IGN5204", f"the fw_cfg item should have {size} bytes but has {found}")
    return bytes(data)


def _from_disk(ctx: FetchContext) -> bytes:
    from ignition.resource.watch import Watch
    from ignition.system import drive, kernelmodule

    if not os.path.exists(VIRTIO_BLK):
        kernelmodule.load("virtio_blk", "IGN5205", ctx.settings, ctx.log)
    with Watch(ctx.progress, f"the disk {DISK}") as watch:
        watch.reason = "there is none"
        there = drive.wait_for_device(DISK, DISK_TIMEOUT, ctx.sleep, ctx.clock)
    if not there:
        raise Failure(
            "IGN5206",
            f"no disk {DISK} within {DISK_TIMEOUT} s",
            hint="give QEMU a virtio-blk device with the serial number `ignition`",
        )
    try:
        with open(DISK, "rb") as disk:
            return disk.read().rstrip(b"\0")
    except OSError as error:
        raise Failure("IGN5207", f"cannot read {DISK}: {error.strerror}") from error
