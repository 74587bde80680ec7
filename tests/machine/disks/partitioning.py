# SPDX-License-Identifier: Apache-2.0
"""Partitions for tests, made by the disks phase."""

from __future__ import annotations

from typing import Any

from tests.machine.disks.engine import Ran, run, succeed
from tests.machine.disks.tables import fingerprint, kernel, places

Entry = dict[str, Any]


def disk_config(device: str, *partitions: Entry, **more: Any) -> dict[str, Any]:
    return {"disks": [{"device": device, "partitions": list(partitions), **more}]}


def partition(device: str, *partitions: Entry, **more: Any) -> Ran:
    """Runs the disks phase, which must succeed, and checks the kernel's view of the disk."""
    ran = succeed("disks", disk_config(device, *partitions, **more))
    assert kernel(device) == places(device)
    return ran


def refuse(device: str, *partitions: Entry, code: str, **more: Any) -> Ran:
    """Runs the disks phase, which must be refused with this code and leave the disk unchanged."""
    before, known = fingerprint(device), kernel(device)
    ran = run("disks", disk_config(device, *partitions, **more))
    assert code in ran.codes, ran.text()
    assert fingerprint(device) == before
    assert kernel(device) == known
    return ran
