# SPDX-License-Identifier: Apache-2.0
"""Output of commands: to standard output, or atomically to a file."""

from __future__ import annotations

import os

from ignition.base import streams
from ignition.base.errors import Failure
from ignition.base.files import write_atomically


def write_stdout(text: str) -> None:
    """Writes to standard output. Failure (IGN6312) if that fails, because the result would be lost."""
    try:
        streams.write(streams.STDOUT, text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable("standard output", error) from error


def write(text: str, path: str) -> None:
    """Writes to standard output if `path` is empty or `-`, else replaces that file atomically.

    Failure (IGN6312) if it cannot be written.
    """
    if path in ("", "-"):
        write_stdout(text)
        return
    data = text.encode("utf-8", "surrogatepass")
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # /dev/stdout, a pipe
            with open(path, "wb") as file:
                file.write(data)
        else:
            write_atomically(os.path.realpath(path), data, _mode(path))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(what: str, error: OSError) -> Failure:
    return Failure(
        "IGN6312",
        f"cannot write {what}: {error.strerror}",
        hint="use a writable path on a filesystem with free space",
        exit_status=2,
    )


def _mode(path: str) -> int:
    """The mode of the file to replace, or the default for a new file."""
    try:
        return os.stat(path).st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
