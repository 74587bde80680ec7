# SPDX-License-Identifier: Apache-2.0
"""Appends to an existing file exactly once, even if the run is interrupted and repeated.

All fragments are fetched and verified first. They are then written to the end of the file in place, so it
keeps its hard links, attributes and labels. The journal records the file's previous size and checksum.
"""

from __future__ import annotations

import os
from stat import S_ISREG

from ignition.base import digest
from ignition.base.errors import failure_from_oserror
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
# The file may be huge, so only its end is compared, and searched.
_COMPARED = 1 << 20
_SEARCHED = 64 << 20
_NO_FILE = -1  # descriptor of a file that does not exist yet


def notes(entries: list[Entry], root: Root, journal: Journal) -> list[dict[str, Any]]:
    """Notes about the files that will be extended, except those that an earlier run recorded."""
    notes = []
    known: set[tuple[int, int]] = set()
    for entry in entries:
        if journal.find(APPEND, entry.path) is not None:
            continue
        found = root.lstat(entry.path)
        if found is None:
            notes.append(_note(entry.path, _NO_FILE, 0))
        elif S_ISREG(found.st_mode) and (found.st_dev, found.st_ino) not in known:
            # A second name of the same file is recorded right before its own append; the file may grow first.
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


def append_once(
    folder: Folder, name: str, body: Body, journal: Journal, *, by_contents: bool = False
) -> bool:
    """Appends `body`. Returns False if an earlier run of the same config has already done so, or, if there is
    no journal to tell (`by_contents`), if the file has these lines."""
    if by_contents and isinstance(body, bytes):  # perhaps nothing is to be written
        fragments = os.memfd_create("fragments")
    else:
        temporary, fragments = folder.create(0o600)
        folder.discard(temporary)  # unnamed: the kernel frees it on close
    try:
        if isinstance(body, bytes):
            write_all(fragments, body)
        else:
            body(fragments)
        file = folder.open(name, os.O_RDWR)
        try:
            if by_contents and _has_lines(file, fragments):
                return False
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
    """The offset at which to continue, or -1 if the append is complete.

    `size` and `before` are the size and checksum that the file had when an earlier run began to append.
    """
    end = os.fstat(file).st_size
    if size > end or _checksum(file, size) != before:
        return -1 if _contains(file, fragments) else end
    tail, wanted = end - size, os.fstat(fragments).st_size
    if not have_equal_bytes(file, size, fragments, min(tail, wanted)):
        return end
    return -1 if tail >= wanted else size


def have_equal_bytes(file: int, start: int, other: int, size: int) -> bool:
    """Whether `size` bytes of a file from `start` are the first bytes of the other."""
    at = 0
    for chunk in _chunks(other, size):
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


def _has_lines(file: int, fragments: int) -> bool:
    """Whether the file ends with the fragments, or has them somewhere as whole lines."""
    wanted = b"".join(_chunks(fragments, os.fstat(fragments).st_size))
    end = os.fstat(file).st_size
    text = b"".join(_chunks(file, end, at=max(0, end - _SEARCHED)))
    if text.endswith(wanted):
        return True
    start = text.find(wanted)
    while start >= 0:
        rest = text[start + len(wanted) : start + len(wanted) + 1]
        begins = start == 0 or b"\n" in (text[start - 1 : start], wanted[:1])
        if begins and (not rest or b"\n" in (rest, wanted[-1:])):
            return True
        start = text.find(wanted, start + 1)
    return False


def _chunks(fileno: int, size: int, most: int = _CHUNK, at: int = 0) -> Iterator[bytes]:
    """The bytes of a file from offset `at` up to offset `size`."""
    while at < size:
        chunk = os.pread(fileno, min(most, size - at), at)
        if not chunk:
            return
        yield chunk
        at += len(chunk)


def _checksum(fileno: int, size: int) -> str:
    """SHA-256 of the last MiB before offset `size`."""
    summing = digest.new("sha256")
    for chunk in _chunks(fileno, size, at=max(0, size - _COMPARED)):
        summing.update(chunk)
    return summing.hexdigest()
