# SPDX-License-Identifier: Apache-2.0
"""Filesystems for tests, and what blkid says about them."""

from __future__ import annotations

import struct
import subprocess
from typing import Any

from tests.machine.disks.engine import Ran, run, succeed
from tests.machine.disks.tables import fingerprint

UUID = "0f0e0d0c-1111-4222-8333-444455556666"


def shell(*args: str) -> str:
    return subprocess.run(args, check=True, capture_output=True, text=True).stdout


def tags(device: str) -> dict[str, str]:
    """TYPE, UUID and LABEL as blkid currently reports them; empty if it reports nothing."""
    done = subprocess.run(
        ["blkid", "--probe", "--output", "export", device], capture_output=True, text=True
    )
    pairs = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {name: pairs[name] for name in ("TYPE", "UUID", "LABEL") if name in pairs}


def filesystem(device: str, kind: str | None, **more: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"device": device, **more}
    if kind is not None:
        entry["format"] = kind
    return entry


def make(device: str, kind: str | None, **more: Any) -> Ran:
    return succeed("disks", {"filesystems": [filesystem(device, kind, **more)]})


def refuse(device: str, kind: str, code: str = "IGN2401", **more: Any) -> Ran:
    before = fingerprint(device)
    ran = run("disks", {"filesystems": [filesystem(device, kind, **more)]})
    assert ran.codes == [code], ran.text()
    assert fingerprint(device) == before
    return ran


def add_zfs_signature(device: str) -> None:
    """Enough ZFS uberblocks for libblkid to recognise a pool."""
    with open(device, "r+b") as file:
        for at in range(128):
            file.seek((128 << 10) + at * 1024)
            file.write(struct.pack("<5Q", 0x00BAB10C, 5000, 1, 1, 1))
