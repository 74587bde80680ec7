# SPDX-License-Identifier: Apache-2.0
"""A build cache: each result is in a folder named by the digest of its inputs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
KEPT = 3
"""Versions of one result to keep: the current one, and those of other branches."""


def build_folder() -> Path:
    """The folder for build results: `build/` of the checkout, or `IGNITION_BUILD_DIR`."""
    folder = Path(os.environ.get("IGNITION_BUILD_DIR") or CHECKOUT / "build")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def print_progress(text: str) -> None:
    """Prints a line of progress to standard error."""
    print(text, file=sys.stderr, flush=True)


def digest(*parts: str | Path) -> str:
    """A digest of strings, files and folders (names, modes and contents; bytecode is ignored)."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            total.update(f"word {len(part)} {part}\n".encode())
            continue
        for file in _files(part):
            mode = file.stat().st_mode & 0o777
            body = file.read_bytes()
            name = file.relative_to(part) if file != part else file.name
            total.update(f"file {name} {mode:o} {len(body)}\n".encode() + body)
    return total.hexdigest()[:16]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            if (Path(folder) / name).is_file():
                yield Path(folder) / name


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Holds a lock in the build folder, so that concurrent test runs do not build the same thing."""
    with (build_folder() / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build_once(kind: str, key: str, what: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills; `make` is called if the cache has no result for `key`.

    `what` names the result in the progress messages. An interrupted build leaves no result behind.
    """
    folder = build_folder() / kind
    result = folder / key
    with lock(kind):
        if result.is_dir():
            os.utime(result)
            return result
        folder.mkdir(exist_ok=True)
        scratch = folder / f".{key}.new"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        print_progress(f"building {what} …")
        begin = time.monotonic()
        try:
            make(scratch)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        scratch.rename(result)
        print_progress(f"building {what} … {time.monotonic() - begin:.0f} s")
        _remove_old(folder)
    return result


def _remove_old(folder: Path) -> None:
    versions = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    versions.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    for old in versions[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
