# SPDX-License-Identifier: Apache-2.0
"""Appending to a file that is there, once, also when the run is cut short and repeated.

The fragments are fetched and verified first, then written to the end of the file itself: so it keeps its
links, attributes and labels. What the file was before is noted in the journal.
"""

from __future__ import annotations

import os
from stat import S_ISREG

from ignition.base.errors import failure_from_oserror
from ignition.resource import digest
from ignition.system.folder import write_all

from ..common.journal import APPEND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.system.folder import Body, Folder
    from ignition.system.root import Root

    from ..common.journal import Journal
    from .entries import Entry

_CHUNK = 1 << 20
# A file that is appended to may be of any size. So much of its end tells whether it is still the same.
_COMPARED = 1 << 20
_SEARCHED = 64 << 20
_NOBODY = -1  # the descriptor of a file that is not there yet


def notes(entries: list[Entry], root: Root, journal: Journal) -> list[dict[str, Any]]:
    """What is to be noted of the files that will be appended to, unless an earlier run did."""
    notes = []
    known: set[tuple[int, int]] = set()
    for entry in entries:
        if journal.find(APPEND, entry.path) is not None:
            continue
        found = root.lstat(entry.path)
        if found is None:
            notes.append(_note(entry.path, _NOBODY, 0))
        elif S_ISREG(found.st_mode) and (found.st_dev, found.st_ino) not in known:
            # One that has another name here grows in between: it is noted when its turn comes.
            known.add((found.st_dev, found.st_ino))
            with root.folder(entry.folder) as folder:
                fileno = folder.open(entry.name)
            try:
                notes.append(_note(entry.path, fileno, found.st_size))
            finally:
                os.close(fileno)
    return notes


def _note(path: str, fileno: int, size: int) -> dict[str, Any]:
    return {"kind": APPEND, "key": path, "size": size, "sha256": _checksum(fileno, size)}


def append_once(folder: Folder, name: str, body: Body, journal: Journal) -> bool:
    """Appends the bytes of `body`; False when an earlier run of the same config has done so."""
    temporary, fragments = folder.create(0o600)
    folder.discard(temporary)  # needs no name: it is gone when it is closed
    try:
        if isinstance(body, bytes):
            write_all(fragments, body)
        else:
            body(fragments)
        file = folder.open(name, os.O_RDWR)
        try:
            return _append_once(file, fragments, f"{folder.path}/{name}", journal)
        finally:
            os.close(file)
    except OSError as error:
        raise failure_from_oserror(error, f"cannot append to {folder.full_path(name)}") from error
    finally:
        os.close(fragments)


def _append_once(file: int, fragments: int, path: str, journal: Journal) -> bool:
    start = os.fstat(file).st_size
    before = journal.find(APPEND, path)
    if before is None:
        journal.note_all([_note(path, file, start)])
    elif not journal.is_current(before):
        start = _resume_offset(file, fragments, before["size"], before["sha256"])
        if start < 0:
            return False
    try:
        os.lseek(file, start, os.SEEK_SET)
        for chunk in _chunks(fragments, os.fstat(fragments).st_size):
            write_all(file, chunk)
    except OSError:
        os.ftruncate(file, start)
        raise
    return True


def _resume_offset(file: int, fragments: int, size: int, before: str) -> int:
    """Where to write the fragments into a file that had `size` bytes and the sum `before` when an earlier run
    began to append to it; -1 when that was done."""
    end = os.fstat(file).st_size
    if size > end or _checksum(file, size) != before:
        return -1 if _contains(file, fragments) else end
    tail, wanted = end - size, os.fstat(fragments).st_size
    if not _are_alike(file, size, fragments, min(tail, wanted)):
        return end
    return -1 if tail >= wanted else size


def _are_alike(file: int, start: int, fragments: int, size: int) -> bool:
    at = 0
    for chunk in _chunks(fragments, size):
        if chunk != os.pread(file, len(chunk), start + at):
            return False
        at += len(chunk)
    return True


def _contains(file: int, fragments: int) -> bool:
    wanted = b"".join(_chunks(fragments, os.fstat(fragments).st_size))
    window = b""
    end = os.fstat(file).st_size
    start = max(0, end - _SEARCHED - len(wanted))
    for chunk in _chunks(file, end, max(_CHUNK, len(wanted)), start):
        kept = max(0, len(window) - len(wanted) + 1) if wanted else len(window)
        window = window[kept:] + chunk
        if wanted in window:
            return True
    return not wanted


def _chunks(fileno: int, size: int, most: int = _CHUNK, at: int = 0) -> Iterator[bytes]:
    """The first `size` bytes of a file, from an offset on."""
    while at < size:
        chunk = os.pread(fileno, min(most, size - at), at)
        if not chunk:
            return
        yield chunk
        at += len(chunk)


def _checksum(fileno: int, size: int) -> str:
    """The sum of the last MiB of the first `size` bytes of a file."""
    summing = digest.new("sha256")
    for chunk in _chunks(fileno, size, at=max(0, size - _COMPARED)):
        summing.update(chunk)
    return summing.hexdigest()
