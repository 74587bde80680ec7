# SPDX-License-Identifier: Apache-2.0
"""Runs mkfs so that an interruption is detectable: the device is marked until the filesystem is complete."""

from __future__ import annotations

import os

from ignition.base.errors import Failure
from ignition.system import devices, mkfs_marker
from ignition.system.run import run

from ..common.journal import digest_of_config
from . import decisions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task

# The mark of a run without a digest; no run recognises it as its own.
_UNKNOWN = "unknown"


def read_mark(device: str, origin: Origin) -> str:
    """The digest of the config whose filesystem on this device is unfinished, or ""."""
    try:
        return mkfs_marker.read(device) or ""
    except OSError as error:
        raise _unreadable(device, error, origin) from error


def is_flagged_unfinished(device: str, kind: str, origin: Origin) -> bool:
    """Whether the filesystem itself is flagged as unfinished."""
    try:
        return mkfs_marker.has_in_progress_flag(device, kind)
    except OSError as error:
        raise _unreadable(device, error, origin) from error


def is_own_mark(context: PhaseContext, mark: str) -> bool:
    """Whether the mark was written by a run with this config."""
    return bool(mark) and mark == digest_of_config(context)


def create(task: Task, wanted: model.Filesystem, alias: str) -> None:
    """Creates the filesystem on a device whose old signatures have been wiped."""
    log, settings = task.log, task.context.settings
    node = os.path.realpath(alias)
    digest = digest_of_config(task.context) or _UNKNOWN
    discards = decisions.should_discard(wanted)
    if discards:
        task.progress("discarding the contents of the device")
    program, *args = decisions.mkfs_args(wanted, alias)
    try:
        device = mkfs_marker.MarkedDevice(node, digest, discard=discards)
    except OSError as error:
        raise _unwritable(wanted.device, error) from error
    with device:
        task.progress(f"running {program}")
        run(
            log,
            [settings.program(program), *args],
            what=f'creating "{wanted.format}" filesystem on "{alias}"',
        )
        task.progress("writing everything to the device")
        try:
            device.clear()
        except OSError as error:
            raise _unwritable(wanted.device, error) from error
    # mkfs.btrfs closes the device several times, and udev probes it each time. At first it recognises nothing
    # and removes the links. Our own event is processed after all of those.
    devices.trigger_udev(log, settings, [node])


def clear_mark(device: str, node: str) -> None:
    """Removes the mark after syncing the device."""
    try:
        mkfs_marker.clear(node)
    except OSError as error:
        raise _unwritable(device, error) from error


def _unreadable(device: str, error: OSError, origin: Origin) -> Failure:
    return Failure("IGN2004", f"{device} cannot be read: {error.strerror}", origin, cause=error)


def _unwritable(device: str, error: OSError) -> Failure:
    return Failure(
        "IGN2406",
        f"{device} cannot be written to: {error.strerror}",
        hint="is it read-only or broken, or is the storage behind it full? See the kernel log",
        cause=error,
    )
