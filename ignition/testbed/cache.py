# SPDX-License-Identifier: Apache-2.0
"""Things that are built once: each lies in a folder named by the digest of all that goes into it."""

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
"""How many versions of one thing stay: the present one, and those of branches gone back and forth between."""


def build_folder() -> Path:
    """Where everything built lies: `build/` of the checkout, or `IGNITION_BUILD_DIR`."""
    folder = Path(os.environ.get("IGNITION_BUILD_DIR") or CHECKOUT / "build")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def say(text: str) -> None:
    """One line of progress for a person, on standard error."""
    print(text, file=sys.stderr, flush=True)


def digest(*parts: str | Path) -> str:
    """Of words, files and whole folders (names, modes and contents; no bytecode)."""
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
def only_one(name: str) -> Iterator[None]:
    """Holds the build folder's lock of that name: two test runs at once build nothing twice."""
    with (build_folder() / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def built(kind: str, key: str, what: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, made now if this key was not built before.

    `what` is said with the time it took. A build that is cut off leaves nothing that a later one would trust.
    """
    folder = build_folder() / kind
    result = folder / key
    with only_one(kind):
        if result.is_dir():
            os.utime(result)
            return result
        folder.mkdir(exist_ok=True)
        scratch = folder / f".{key}.new"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        say(f"building {what} …")
        begin = time.monotonic()
        try:
            make(scratch)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        scratch.rename(result)
        say(f"building {what} … {time.monotonic() - begin:.0f} s")
        _forget_old(folder)
    return result


def _forget_old(folder: Path) -> None:
    versions = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    versions.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    for old in versions[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
