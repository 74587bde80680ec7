# SPDX-License-Identifier: Apache-2.0
"""Reads the files that the user names."""

from __future__ import annotations

import errno
import os
import stat

from ignition.lint.batch import read_file

_STREAMS = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
"""Where a shell puts the other end of a pipe that somebody writes to: `<(butane web.bu)`."""


def read_input(path: str) -> bytes:
    """The bytes of a file, of a shell's pipe, or of standard input for `-`.

    OSError if it cannot be read, is too large, or is a pipe or device: reading one might never end.
    """
    if path != "-" and not path.startswith(_STREAMS):
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a directory, reading tells
            raise OSError(errno.EINVAL, "it is no regular file")
    return read_file(path)
