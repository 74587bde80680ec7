# SPDX-License-Identifier: Apache-2.0
"""Overlays: what a guest writes goes to a file of its own, the image stays as it is."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from ignition.base.errors import CommandFailed, Failure
from ignition.testbed.image_lock import refuse_in_use
from ignition.testbed.images import Image
from ignition.testbed.programs import need, run

SPACE_MIB = 512
"""What a guest may well write on its first boot."""
NAME = "system.qcow2"


def create(image: Image, folder: Path) -> Path:
    """A new qcow2 disk in `folder` that begins as the image's disk.

    Failure (IGN8210) if there is no space for it, (IGN8206) if a program writes to the image.
    """
    need("qemu-img")
    free = shutil.disk_usage(folder).free >> 20
    if free < SPACE_MIB:
        raise _no_space(folder, f"{free} MiB are left, {SPACE_MIB} are needed")
    if image.disk.exists():
        refuse_in_use(image.disk)
    overlay = folder / NAME
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", image.disk_format]
    try:
        run([*argv, "-b", image.disk.absolute(), overlay])
    except CommandFailed as failure:
        overlay.unlink(missing_ok=True)
        said = failure.stderr.strip().removeprefix("qemu-img: ")
        if os.strerror(errno.ENOSPC) in said:
            raise _no_space(folder, said) from failure
        raise Failure("IGN8205", f"cannot make an overlay of {image.disk}: {said}") from failure
    return overlay


def _no_space(folder: Path, why: str) -> Failure:
    hint = "make room, or set IGNITION_BUILD_DIR to a folder elsewhere"
    return Failure("IGN8210", f"no space for a guest's disk in {folder}: {why}", hint=hint)
