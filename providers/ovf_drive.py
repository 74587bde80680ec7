# SPDX-License-Identifier: Apache-2.0
"""The provisioning DVD of Azure, with custom data beside an OVF environment.

It is found by its filesystem type, because its device name and label vary.
"""

from __future__ import annotations

import fcntl
import os

from ignition.base.errors import Failure
from ignition.resource.watch import Watch
from ignition.system import drive
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ignition.resource.context import FetchContext

POLL_INTERVAL = 1.0
# This file identifies the DVD. Its contents are ignored.
MARKER = "/ovf-env.xml"
CUSTOM_DATA = "/CustomData.bin"
# linux/cdrom.h. Only optical drives have a status, so a disk with such a filesystem is not mistaken for the
# DVD.
_DRIVE_STATUS, _DISC_OK = 0x5326, 4


def fetch(ctx: FetchContext, filesystems: Sequence[str]) -> bytes:
    """The custom data of the first provisioning DVD with one of these filesystems; b"" if it has none.

    Waits for the DVD, for ever unless `ignition.wait.fetch=` sets a limit (IGN5530).
    """
    limit = float(ctx.settings.wait_fetch)
    end = ctx.deadline_after(limit)
    what = f"a DVD ({' or '.join(filesystems)}) with {MARKER.lstrip('/')}"
    with Watch(ctx.progress, what) as watch:
        watch.reason = "there is none"
        while True:
            data = fetch_now(ctx, filesystems)
            if data is not None:
                return data
            if end and ctx.clock() >= end:
                raise Failure(
                    "IGN5530",
                    f"no config within {limit:g} s from {what}",
                    hint="attach it again, or check ignition.platform.id=: only Azure has it",
                )
            ctx.sleep(POLL_INTERVAL)


def fetch_now(ctx: FetchContext, filesystems: Sequence[str]) -> bytes | None:
    """Like `fetch`, without waiting; None if there is no such DVD now."""
    for filesystem in filesystems:
        for device in _devices(ctx, filesystem):
            if has_disc(device):
                data = _read(ctx, device)
                if data is not None:
                    return data
    return None


def _devices(ctx: FetchContext, filesystem: str) -> list[str]:
    """The block devices with this filesystem, probed now and not read from blkid's cache."""
    command = [ctx.settings.program("blkid"), "-c", "/dev/null", "-o", "device"]
    found = run(ctx.log, [*command, "-t", f"TYPE={filesystem}"], check=False)
    return found.stdout.split()


def has_disc(device: str) -> bool:
    """Whether this is an optical drive with a disc."""
    try:
        # Without O_NONBLOCK an empty drive cannot be opened.
        descriptor = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return fcntl.ioctl(descriptor, _DRIVE_STATUS, 0) == _DISC_OK
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _read(ctx: FetchContext, device: str) -> bytes | None:
    """The custom data on a drive; None if it is not the DVD or cannot be read now."""
    try:
        with drive.ReadOnlyMount(ctx.settings, ctx.log, device, ctx.sleep) as folder:
            if drive.read_file(folder, MARKER) is None:
                ctx.log.info(f"{device} has no {MARKER}: not the provisioning DVD")
                return None
            data = drive.read_file(folder, CUSTOM_DATA)
    except Failure as failure:
        ctx.log.warning(f"{device} cannot be read: {failure.text}; it is tried again")
        return None
    if data is None:
        ctx.log.info(f"no custom data: {device} has no {CUSTOM_DATA}")
    return data or b""
