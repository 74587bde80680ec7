# SPDX-License-Identifier: Apache-2.0
"""Adds files to an initramfs. A later archive replaces files of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

_FILE, _FOLDER = 0o100644, 0o040755
_END = "TRAILER!!!"


def archive(files: Mapping[str, bytes]) -> bytes:
    """A cpio archive in newc format with these files (absolute path -> contents) and their parent folders.

    Files that begin with #! are executable.
    """
    entries: dict[str, bytes | None] = {}
    for path, data in sorted(files.items()):
        for folder in reversed(PurePosixPath(path).parents):
            if folder.name:
                entries.setdefault(str(folder), None)
        entries[path] = data
    members = [
        _member(number, path.lstrip("/"), _mode(data), data or b"")
        for number, (path, data) in enumerate(entries.items(), 1)
    ]
    return b"".join([*members, _member(0, _END, 0, b"")])


def append_files(initramfs: bytes, files: Mapping[str, bytes]) -> bytes:
    """The initramfs, compressed or not, followed by an archive of these files."""
    return _padded(initramfs) + archive(files)


def _mode(data: bytes | None) -> int:
    if data is None:
        return _FOLDER
    return _FILE | 0o111 if data.startswith(b"#!") else _FILE


def _member(number: int, name: str, mode: int, data: bytes) -> bytes:
    # Inode, mode, owner, group, links, time, size, four device numbers, size of the name, no checksum.
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields)
    return _padded(head + name.encode() + b"\0") + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
