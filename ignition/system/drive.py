# SPDX-License-Identifier: Apache-2.0
"""A file system that is looked into for a config: waited for, mounted read-only, read, taken off again."""

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
# More than any config has (the same bound as for fetched ones).
SIZE_LIMIT = 64 * 1024 * 1024


def describe_labels(folder: str) -> str:
    """What udev's folder of labels holds, for people who look for one that is not there."""
    return f"labels that are there: {list_names(folder) or 'none'}"


def list_names(folder: str) -> str:
    """What a folder holds, for people; "" where it cannot be looked into."""
    try:
        return ", ".join(sorted(os.listdir(folder)))
    except OSError:
        return ""


def wait_for_device(
    device: str, limit: float, sleep: Callable[[float], None], clock: Callable[[], float]
) -> bool:
    """Waits until the device is there, at most `limit` seconds; False if it never was."""
    end = clock() + limit
    while not os.path.exists(device):
        if clock() >= end:
            return False
        sleep(POLL)
    return True


class ReadOnlyMount:
    """Mounts a device read-only, whatever file system it has, on a folder of its own.

    One that stays busy stays mounted, with a warning: what was read from it is as good.
    """

    def __init__(
        self, settings: Settings, log: Log, device: str, sleep: Callable[[float], None]
    ) -> None:
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
            "ro",
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
    """A folder that no other drive is mounted on, of this run or of one that was cut off."""
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
    """The file at `path`, which cannot lead out of `folder`; None if there is none.

    Failure IGN7101 for a link that leads out, for what cannot be read, and for a file of absurd size.
    """
    place = os.path.join(folder, os.path.normpath("/" + path).lstrip("/"))
    real = os.path.realpath(place)
    if os.path.commonpath([os.path.realpath(folder), real]) != os.path.realpath(folder):
        raise Failure("IGN7101", f"{path} is a link that leads out of its file system")
    try:
        # A pipe on a drive must not hold us.
        with open(
            real, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)
        ) as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Failure("IGN7101", f"{path} is no regular file")
            data = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure("IGN7101", f"cannot read {path}: {error.strerror}") from error
    if len(data) > SIZE_LIMIT:
        raise Failure("IGN7101", f"{path} is larger than any config")
    return data
