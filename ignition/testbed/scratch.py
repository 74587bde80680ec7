# SPDX-License-Identifier: Apache-2.0
"""Folders for the disks and logs of guests, in the build folder: /tmp may be too small for them."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ignition.base.errors import oserror_failure
from ignition.testbed.cache import build_folder

PREFIX = "test-"


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """A new folder that is removed at the end."""
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", name)[:30]
    try:
        runs = _runs()
        runs.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(f".{os.getpid()}", f"{PREFIX}{stem}-", runs))
    except OSError as error:
        raise oserror_failure(error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers() -> None:
    """Removes the folders of runs that were killed. Their names end with a process that is no more."""
    for folder in _runs().glob(f"{PREFIX}*"):
        if not Path("/proc", folder.suffix[1:]).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _runs() -> Path:
    return build_folder() / "runs"
