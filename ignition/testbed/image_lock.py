# SPDX-License-Identifier: Apache-2.0
"""Asks whether a QEMU writes to an image. An overlay of such an image fails only when the guest starts."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from ignition.base.errors import Failure

WRITERS = 101
"""The byte that every QEMU program locks while it may write to the file (block/file-posix.c in QEMU)."""
_FLOCK = "hhqqi"
"""struct flock of 64-bit Linux: type, whence, start, length, pid."""


def refuse_in_use(path: Path) -> None:
    """Failure (IGN8206) if a QEMU program has the image open for writing."""
    question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, WRITERS, 1, 0)
    with path.open("rb") as file:
        answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, question)
    if struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK:
        hint = "shut down the machine that uses it"
        raise Failure("IGN8206", f"{path} is in use by a QEMU that writes to it", hint=hint)
