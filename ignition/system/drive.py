# SPDX-License-Identifier: Apache-2.0
"""Config drives: waits for a device, mounts it read-only, reads files, unmounts it."""

from __future__ import annotations

import os
from stat import S_ISREG

from ignition.base.errors import CommandFailed, Failure
from ignition.system import mounts
from ignition.system.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from ignition.base.log import Log
    from ignition.base.settings import Settings

POLL = 1.0
UMOUNT_TRIES = 3
# The same limit as for fetched configs.
SIZE_LIMIT = 64 * 1024 * 1024


def describe_labels(folder: str) -> str:
    """A hint that lists the filesystem labels known to udev."""
    return f"existing labels: {list_names(folder) or 'none'}"


def list_names(folder: str) -> str:
    """The names in a folder, comma-separated; "" if it cannot be read."""
    try:
        return ", ".join(sorted(os.listdir(folder)))
    except OSError:
        return ""


def wait_for_device(
    device: str, limit: float, sleep: Callable[[float], None], clock: Callable[[], float]
) -> bool:
    """Waits up to `limit` seconds for a device. Returns False on timeout."""
    end = clock() + limit
    while not os.path.exists(device):
        if clock() >= end:
            return False
        sleep(POLL)
    return True


class ReadOnlyMount:
    """A context manager that mounts a device read-only on a new folder and yields that folder.

    `flags` are more mount options, comma-separated. A filesystem that stays busy stays mounted, with a
    warning; what was read from it is valid.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        device: str,
        sleep: Callable[[float], None],
        flags: str = "",
    ) -> None:
        self._flags = flags
        self._settings = settings
        self._log = log
        self._device = device
        self._sleep = sleep
        self._folder = ""

    def __enter__(self) -> str:
        self._folder = _new_folder(self._settings.run_dir)
        command = [
            self._settings.program("mount"),
            "-o",
            f"{self._flags},ro" if self._flags else "ro",
            "-t",
            "auto",
            self._device,
            self._folder,
        ]
        try:
            run(self._log, command, what=f"mounting {self._device} read-only")
        except BaseException:
            os.rmdir(self._folder)
            raise
        return self._folder

    def __exit__(self, *_: object) -> Literal[False]:
        command = [self._settings.program("umount"), self._folder]
        for attempt in range(1, UMOUNT_TRIES + 1):
            try:
                run(self._log, command, what=f"unmounting {self._device}")
                break
            except CommandFailed:
                if mounts.mount_at(self._folder) is None:
                    break
                if attempt == UMOUNT_TRIES:
                    self._log.warning(f"{self._device} stays mounted on {self._folder}")
                    return False
                self._sleep(POLL)
        os.rmdir(self._folder)
        return False


def _new_folder(parent: str) -> str:
    """Creates a folder that no other drive is mounted on, not even one of an interrupted run."""
    os.makedirs(parent, exist_ok=True)
    number = 0
    while True:
        folder = os.path.join(parent, f"drive.{number}")
        try:
            os.mkdir(folder, mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder


def read_file(folder: str, path: str) -> bytes | None:
    """The contents of the file at `path` inside `folder`; None if it does not exist.

    Failure IGN7101 for a symlink that leads out of `folder`, an unreadable file, or one that is too large.
    """
    place = os.path.join(folder, os.path.normpath("/" + path).lstrip("/"))
    real = os.path.realpath(place)
    if os.path.commonpath([os.path.realpath(folder), real]) != os.path.realpath(folder):
        raise Failure("IGN7101", f"{path} is a link that leads out of its file system")
    try:
        # Non-blocking, because it may be a FIFO.
        with open(
            real, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)
        ) as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Failure("IGN7101", f"{path} is not a regular file")
            data = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure("IGN7101", f"cannot read {path}: {error.strerror}") from error
    if len(data) > SIZE_LIMIT:
        raise Failure("IGN7101", f"{path} is larger than any config")
    return data
