# SPDX-License-Identifier: Apache-2.0
"""Archives appended to an initramfs. In tests/boot the kernel reads them."""

from __future__ import annotations

import zlib

from ignition.testbed import cpio

FILES = {"/etc/hosts": b"127.0.0.1 here\n", "/etc/ssl/certs/all.crt": b"x" * 4097, "/init": b""}


def unpacked(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Name -> mode and content, parsed as in the kernel's Documentation/driver-api/early-userspace."""
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    while True:
        assert data[at : at + 6] == b"070701" and at % 4 == 0
        fields = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        name_size, size = fields[11], fields[6]
        name = data[at + 110 : at + 110 + name_size - 1].decode()
        start = at + 110 + name_size + -(110 + name_size) % 4
        if name == "TRAILER!!!":
            return found
        found[name] = (fields[1], data[start : start + size])
        at = start + size + -size % 4


def test_files_and_their_parent_folders() -> None:
    members = unpacked(cpio.archive(FILES))
    assert list(members) == ["etc", "etc/hosts", "etc/ssl", "etc/ssl/certs", *list(members)[4:]]
    assert members["etc/ssl/certs"] == (0o40755, b"")
    assert members["etc/hosts"] == (0o100644, b"127.0.0.1 here\n")
    assert members["etc/ssl/certs/all.crt"][1] == b"x" * 4097
    assert members["init"] == (0o100644, b"")
    assert len(members) == 6


def test_archive_is_aligned_as_the_kernel_expects() -> None:
    for size in range(4):
        packed = zlib.compress(b"initramfs")[: 8 + size]
        data = cpio.append_files(packed, FILES)
        assert data.startswith(packed)
        assert (data.index(b"070701") % 4, data[len(packed) :].lstrip(b"\0")[:6]) == (0, b"070701")
