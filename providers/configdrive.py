# SPDX-License-Identifier: Apache-2.0
"""A config on a drive attached by the host, found by its filesystem label.

Labels are case-sensitive, as in udev. The filesystem type does not matter.
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

    # (context, mount point of the drive) -> the config, b"" for none.
    Reader = Callable[[FetchContext, str], bytes]

POLL_INTERVAL = 1.0
# Seconds to wait for a drive that a machine without a config does not have.
OPTIONAL_TIMEOUT = 30.0
# Seconds before another attempt to read a drive that could not be read.
RETRY_INTERVAL = 5.0


def fetch(ctx: FetchContext, labels: Sequence[str], reader: Reader) -> bytes:
    """The config that `reader` finds on the first drive with one of these labels.

    Waits for the drive, for ever unless `ignition.wait.fetch=` sets a limit (IGN5540). Failure IGN5541 if it
    cannot be mounted, IGN7101 if it cannot be read.
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
    """Like `fetch`, but without a readable drive it returns b"" after 30 s, as Ignition does on these
    platforms.

    Meanwhile it retries an unreadable drive, and at the end it shows a warning on the console.
    """
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
    """The device with the first of these labels that exists now, "" for none."""
    for label in labels:
        device = os.path.join(ctx.settings.disk_by_label_dir, label)
        if os.path.exists(device):
            return device
    return ""


def read(ctx: FetchContext, device: str, reader: Reader) -> bytes:
    """The config that `reader` finds on this device. Failure IGN5541 if it cannot be mounted."""
    try:
        with drive.ReadOnlyMount(ctx.settings, ctx.log, device, ctx.sleep) as folder:
            return reader(ctx, folder)
    except CommandFailed as error:
        raise Failure("IGN5541", f"{device} cannot be mounted", hint=error.hint) from error


def file_reader(path: str) -> Reader:
    """A reader for the file at `path`; a drive without that file has no config."""

    def reader(ctx: FetchContext, folder: str) -> bytes:
        data = drive.read_file(folder, path)
        if data is None:
            # An ISO image without long names contains USER_DAT, for example.
            ctx.log.info(f"no {path} on the drive, which has {drive.list_names(folder)}")
        return data or b""

    return reader
