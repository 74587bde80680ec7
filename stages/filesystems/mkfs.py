# SPDX-License-Identifier: Apache-2.0
"""Making a filesystem so that a cut at any point shows: a mark is on the device until all of it is there."""

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

# A run that does not know its config's digest marks all the same, and never takes a mark for its own.
_UNKNOWN = "unknown"


def begun_for(device: str, origin: Origin) -> str:
    """The digest of the config for which a filesystem was begun on the device and not finished, or ""."""
    try:
        return mkfs_marker.read(device) or ""
    except OSError as error:
        raise _unreadable(device, error, origin) from error


def says_unfinished(device: str, kind: str, origin: Origin) -> bool:
    """Whether the filesystem itself says that its maker has not finished."""
    try:
        return mkfs_marker.has_in_progress_flag(device, kind)
    except OSError as error:
        raise _unreadable(device, error, origin) from error


def begun_by_this_config(context: PhaseContext, begun: str) -> bool:
    """Whether that digest is the one of this run's config."""
    return bool(begun) and begun == digest_of_config(context)


def make(task: Task, wanted: model.Filesystem, alias: str) -> None:
    """Makes the filesystem on a device whose old signatures are gone."""
    log, settings = task.log, task.context.settings
    node = os.path.realpath(alias)
    digest = digest_of_config(task.context) or _UNKNOWN
    try:
        mkfs_marker.write(node, digest, discard=decisions.discards(wanted))
    except OSError as error:
        raise _unwritable(wanted.device, error) from error
    program, *words = decisions.command(wanted, alias)
    run(
        log,
        [settings.program(program), *words],
        what=f'creating "{wanted.format}" filesystem on "{alias}"',
    )
    clear_mark(wanted.device, node)
    # mkfs.btrfs closes the device several times, and udev looks after each: the first time nothing is
    # recognisable yet and links vanish. An event of our own is worked off after all of those.
    devices.trigger_udev(log, settings, [node])


def clear_mark(device: str, node: str) -> None:
    """Takes the mark of an unfinished filesystem off, after what was written is on the device."""
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
        hint="is it read-only, full underneath, or broken? The kernel's log says more",
        cause=error,
    )
