#!/usr/lib/ignition-firstboot/bin/python3 -ISB
# SPDX-License-Identifier: Apache-2.0
"""Writes /run/root-manifest/NAME: a Python literal per line for each file of the filesystem labelled `root`.

    (path, {attribute: value})

Only modules that the engine's private tree has.
"""

from __future__ import annotations

import os
import stat
import sys
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "/run/root-manifest"
SPARSE = 1 << 20
"""Smaller files are not checked for holes: filesystems store them in their own ways."""
ACL_OF_XFS = "trusted.SGI_ACL_"
"""How xfs stores ACLs, besides what every filesystem shows of them."""


def main(name: str) -> None:
    mount = f"{FOLDER}/mount"
    os.makedirs(mount, exist_ok=True)
    settle = os.spawnlp(os.P_WAIT, "udevadm", "udevadm", "settle")
    mounted = os.spawnlp(os.P_WAIT, "mount", "mount", "-o", "ro", "LABEL=root", mount)
    if settle or mounted:
        sys.exit(1)
    with open(f"{FOLDER}/{name}", "w", encoding="utf-8", errors="surrogateescape") as file:
        first: dict[int, str] = {}
        for path in sorted(walk(mount)):
            print((path[len(mount) :] or "/", describe(path, mount, first)), file=file)
    sys.exit(os.spawnlp(os.P_WAIT, "umount", "umount", mount))


def walk(top: str) -> Iterator[str]:
    yield top
    for folder, folders, names in os.walk(top):
        if folder == top and "lost+found" in folders:
            folders.remove("lost+found")
        for each in folders + names:
            yield os.path.join(folder, each)


def describe(path: str, mount: str, first: dict[int, str]) -> dict[str, object]:
    about = os.lstat(path)
    facts: dict[str, object] = {"mode": oct(about.st_mode), "owner": (about.st_uid, about.st_gid)}
    facts["mtime"] = about.st_mtime_ns
    attributes = [
        each
        for each in os.listxattr(path, follow_symlinks=False)
        if not each.startswith(ACL_OF_XFS)
    ]
    if attributes:
        facts["xattrs"] = {
            each: os.getxattr(path, each, follow_symlinks=False) for each in sorted(attributes)
        }
    if stat.S_ISLNK(about.st_mode):
        facts["target"] = os.readlink(path)
    elif stat.S_ISREG(about.st_mode):
        facts["size"] = about.st_size
        facts["link"] = first.setdefault(about.st_ino, path)[len(mount) :]
        if about.st_size >= SPARSE:
            # Mostly holes: xfs fills single blocks of zeros.
            facts["sparse"] = about.st_blocks * 512 < about.st_size // 2
        if facts["link"] == path[len(mount) :]:
            facts["crc"] = checksum(path)
    elif not stat.S_ISDIR(about.st_mode):
        facts["device"] = about.st_rdev
    return facts


def checksum(path: str) -> int:
    total = 0
    with open(path, "rb", buffering=0) as file:
        while block := file.read(SPARSE):
            total = zlib.crc32(block, total)
    return total


main(sys.argv[1])
