# SPDX-License-Identifier: Apache-2.0
"""A build cache: each result is in a folder named by the digest of its inputs."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ignition.base.errors import Failure
from ignition.testbed.live_line import print_progress, timed

CHECKOUT = Path(__file__).resolve().parents[2]
KEPT = 4
"""Versions of one result to keep: the current one of each Debian release, and those of other branches."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ELSEWHERE = "make room, or set IGNITION_BUILD_DIR to a folder elsewhere"

__all__ = ["CHECKOUT", "build_folder", "build_once", "digest", "lock", "print_progress"]


class NeedsRoot(Exception):
    """A result has to be built as root, and this process is not."""


def in_checkout() -> bool:
    """Whether this package is part of a checkout, not of site-packages."""
    return (CHECKOUT / "dracut-module").is_dir() and (CHECKOUT / "Makefile").is_file()


def build_folder() -> Path:
    """The folder for build results; Failure (IGN8004) if it cannot be created or written.

    It is `IGNITION_BUILD_DIR`, or `build/` of the checkout, or ignition-firstboot in the user's cache folder.
    """
    folder = Path(os.environ.get("IGNITION_BUILD_DIR") or _default_folder()).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        hint = "set IGNITION_BUILD_DIR to a folder that can be written"
        raise Failure("IGN8004", f"cannot create {folder}: {why}", hint=hint) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        hint = "set IGNITION_BUILD_DIR to a folder of your own"
        raise Failure("IGN8004", f"{folder} cannot be written", hint=hint)
    return folder


def _default_folder() -> Path:
    if in_checkout() and os.access(CHECKOUT, os.W_OK):
        return CHECKOUT / "build"
    caches = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(caches, "ignition-firstboot")


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
def lock(name: str, what: str = "") -> Iterator[None]:
    """Holds a lock in the build folder, so that concurrent runs do not build the same thing.

    If another run holds it, this is said of `what`.
    """
    with open(_lock_file(build_folder() / f".{name}.lock"), "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if what:
                print_progress(f"waiting for another run that builds {what} …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock_file(path: Path) -> int:
    """A descriptor. It is only read, so another user's file will do."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unwritable(path, error) from error


def build_once(
    kind: str,
    key: str,
    what: str,
    make: Callable[[Path], None],
    *,
    as_root: bool = False,
    space_mib: int = 0,
) -> Path:
    """The folder that `make` fills; `make` is called if the cache has no result for `key`.

    `what` names the result in the progress messages. The file `log` in the folder is shown while it grows. An
    interrupted build leaves no result behind. NeedsRoot if it must be built, `as_root`, by another user;
    Failure (IGN8004) if the file system has less than `space_mib` left.
    """
    folder = build_folder() / kind
    result = folder / key
    if as_root and os.geteuid() != 0 and not result.is_dir():
        raise NeedsRoot(what)
    with lock(kind, what):
        if result.is_dir():
            _mark_used(result)
            return result
        _need_space(what, space_mib)
        scratch = _scratch(folder, key)
        try:
            with timed(f"building {what}", scratch / "log"):
                make(scratch)
        except BaseException as error:
            shutil.rmtree(scratch, ignore_errors=True)
            _explain_full(what, error)
            raise
        scratch.rename(result)
        _remove_old(folder)
    return result


def _scratch(folder: Path, key: str) -> Path:
    """An empty folder for a build. Failure (IGN8004) if the folder of results belongs to another user."""
    scratch = folder / f".{key}.new"
    try:
        folder.mkdir(exist_ok=True)
        for leftover in folder.glob(".*.new"):  # of a build that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        scratch.mkdir()
    except OSError as error:
        _explain_full(str(folder), error)
        raise _unwritable(folder, error) from error
    return scratch


def _unwritable(path: Path, error: OSError) -> Failure:
    why = (error.strerror or str(error)).lower()
    hint = "set IGNITION_BUILD_DIR to a folder of your own, or remove what another user has built"
    return Failure("IGN8004", f"{path} cannot be written: {why}", hint=hint)


def _mark_used(result: Path) -> None:
    try:
        os.utime(result)
    except PermissionError:
        pass  # somebody else's; only the order of removal depends on it


def _need_space(what: str, mib: int) -> None:
    free = shutil.disk_usage(build_folder()).free >> 20
    if free < mib:
        raise Failure(
            "IGN8004",
            f"building {what} takes about {mib} MiB, and {build_folder()} has {free} MiB left",
            hint=_ELSEWHERE,
        )


def _explain_full(what: str, error: BaseException) -> None:
    """Failure (IGN8004) if a build failed because its file system is full."""
    full = isinstance(error, OSError) and error.errno in _FULL
    if full or (isinstance(error, Failure) and os.strerror(errno.ENOSPC) in error.text):
        text = f"no space left while building {what} in {build_folder()}"
        raise Failure("IGN8004", text, hint=_ELSEWHERE) from error


def _remove_old(folder: Path) -> None:
    versions = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    versions.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    for old in versions[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
