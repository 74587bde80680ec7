# SPDX-License-Identifier: Apache-2.0
"""Files of the guest: what find printed about them, and their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from ignition.testbed.archive import members
from ignition.testbed.facts import GuestFile

KINDS = {
    "f": "file",
    "d": "directory",
    "l": "link",
    "b": "block",
    "c": "character",
    "p": "fifo",
    "s": "socket",
}
"""The letters of find's %y."""


def guest_files(parts: Mapping[str, bytes]) -> dict[str, GuestFile] | None:
    """The files by path; None if they were not collected."""
    if "facts" not in parts:
        return None
    contents = {f"/{name}": body for name, body in members(parts.get("bodies.tar", b"")).items()}
    contents.update(_virtual(parts))
    sums = dict(_sums(parts.get("sums", b"")))
    found: dict[str, GuestFile] = {}
    fields = parts["facts"].decode(errors="surrogateescape").split("\0")
    for words, target, path in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        file = _file(words, target, path, contents.get(path), sums.get(path, ""))
        if file is not None:
            found[path] = file
    return found


def _file(words: str, target: str, path: str, body: bytes | None, sha256: str) -> GuestFile | None:
    try:
        kind, mode, uid, gid, size, inode, filesystem, mtime = words.split(" ")
        return GuestFile(
            path=path,
            kind=KINDS.get(kind, kind),
            mode=int(mode, 8),
            uid=int(uid),
            gid=int(gid),
            size=int(size),
            inode=int(inode),
            mtime=mtime,
            target=target,
            data=body or b"",
            whole=kind != "f" or body is not None,
            sha256=hashlib.sha256(body).hexdigest() if body is not None else sha256,
            filesystem=filesystem,
        )
    except ValueError:
        return None


def _virtual(parts: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The files of /proc and /sys."""
    names = parts.get("virtual", b"").decode(errors="surrogateescape").splitlines()
    for number, path in enumerate(names, start=1):
        if f"virtual.{number}" in parts:
            yield path, parts[f"virtual.{number}"]


def _sums(text: bytes) -> Iterator[tuple[str, str]]:
    """The output of `sha256sum --zero`."""
    for line in text.decode(errors="surrogateescape").split("\0"):
        digest, _, path = line.partition("  ")
        if path and len(digest) == 64:
            yield path, digest
