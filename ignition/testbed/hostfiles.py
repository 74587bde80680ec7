# SPDX-License-Identifier: Apache-2.0
"""Errors of this machine's file system as failures that say what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ignition.base.errors import Failure

FULL = (errno.ENOSPC, errno.EDQUOT)
ROOM = "free some space, or name another folder in IGNITION_BUILD_DIR"


@contextmanager
def host_errors(folder: Path) -> Iterator[None]:
    """Turns errors while files are written below `folder` into IGN8012, or IGN8013 for a full disk."""
    try:
        yield
    except OSError as error:
        raise failure(folder, error) from error


def failure(folder: Path, error: OSError) -> Failure:
    """The failure for an error below `folder`."""
    name = error.filename or folder
    if error.errno in FULL:
        return no_space(f"{folder} is full: {error.strerror}")
    return Failure(
        "IGN8012",
        f"cannot write {name}: {error.strerror or error}",
        hint="guests need a folder that this user may write",
    )


def no_space(sentence: str) -> Failure:
    return Failure("IGN8013", sentence, hint=ROOM)
