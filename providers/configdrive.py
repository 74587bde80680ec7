# SPDX-License-Identifier: Apache-2.0
"""A config on a drive that the host attaches, found by the label of its file system.

The case of a label counts, as it does for udev. Which file system it is does not matter.
"""

from __future__ import annotations

import os

from ignition.base.errors import CommandFailed, Failure
from ignition.resource.watch import Watch
from ignition.system import drive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ignition.resource.context import FetchContext

    # Takes the folder that a drive is mounted on, and gives the config; no bytes for none.
    Reader = Callable[[FetchContext, str], bytes]

POLL_INTERVAL = 1.0
# Seconds that a drive has to come, where a machine without one is a machine without a config.
OPTIONAL_TIMEOUT = 30.0
# Seconds until such a drive is tried again that could not be read.
RETRY_INTERVAL = 5.0


def fetch(ctx: FetchContext, labels: Sequence[str], reader: Reader) -> bytes:
    """What `reader` finds on the first drive that has one of these labels.

    Waits for the drive, for ever unless `ignition.wait.fetch=` bounds it (IGN5540). One that cannot be
    mounted (IGN5541) or read (IGN7101) is an error.
    """
    what = f"a drive labelled {' or '.join(labels)}"
    limit = float(ctx.settings.wait_fetch)
    end = ctx.clock() + limit
    with Watch(ctx.progress, what) as watch:
        while not (device := find_device(ctx, labels)):
            watch.reason = drive.describe_labels(ctx.settings.disk_by_label_dir)
            if limit and ctx.clock() >= end:
                raise Failure(
                    "IGN5540", f"no config within {limit:g} s from {what}", hint=watch.reason
                )
            ctx.sleep(POLL_INTERVAL)
    return read(ctx, device, reader)


def fetch_optional(ctx: FetchContext, label: str, reader: Reader) -> bytes:
    """The same where the original goes on without a config after 30 s, whether there is no drive or it cannot
    be read. So does this, but says it aloud, and tries the drive again meanwhile."""
    why = f"no drive labelled {label}"
    end = ctx.clock() + OPTIONAL_TIMEOUT
    while True:
        device = find_device(ctx, [label])
        if device:
            try:
                return read(ctx, device, reader)
            except Failure as failure:
                why = f"{failure.text} ({failure.hint})" if failure.hint else failure.text
                ctx.log.warning(f"no config yet: {why}")
        left = end - ctx.clock()
        if left <= 0:
            break
        ctx.sleep(min(left, RETRY_INTERVAL if device else POLL_INTERVAL))
    text = f"going on without a config after {OPTIONAL_TIMEOUT:g} s: {why}"
    ctx.log.warning(f"{text}; {drive.describe_labels(ctx.settings.disk_by_label_dir)}")
    ctx.progress(text)
    return b""


def find_device(ctx: FetchContext, labels: Sequence[str]) -> str:
    """The device that has the first of these labels that is there now, "" for none."""
    for label in labels:
        device = os.path.join(ctx.settings.disk_by_label_dir, label)
        if os.path.exists(device):
            return device
    return ""


def read(ctx: FetchContext, device: str, reader: Reader) -> bytes:
    """What `reader` finds on this device. IGN5541 if it cannot be mounted."""
    try:
        with drive.ReadOnlyMount(ctx.settings, ctx.log, device, ctx.sleep) as folder:
            return reader(ctx, folder)
    except CommandFailed as error:
        raise Failure("IGN5541", f"{device} cannot be mounted", hint=error.hint) from error


def file_reader(path: str) -> Reader:
    """Reads the file at `path`; a drive without it has no config."""

    def reader(ctx: FetchContext, folder: str) -> bytes:
        data = drive.read_file(folder, path)
        if data is None:
            # An image made without long names holds USER_DAT, say.
            ctx.log.info(f"no {path} on the drive, which has {drive.list_names(folder)}")
        return data or b""

    return reader
