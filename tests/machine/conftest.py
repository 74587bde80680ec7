# SPDX-License-Identifier: Apache-2.0
"""Tests in this folder run as root in user-mode Linux; outside, pytest only collects and reports."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import inside, outside
from tests.machine.blockdevices import BlankDisk, new_loop_disk, remove_disk

FOLDER = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "systemd: needs systemd as process 1 of its machine")
    shared = os.environ.get(inside.SHARED)
    if shared:
        config.pluginmanager.register(inside.Inside(config, Path(shared)), "machine-inside")
    else:
        config.pluginmanager.register(outside.Outside(config, FOLDER), "machine-outside")


@pytest.fixture
def blank_disk() -> Iterator[BlankDisk]:
    """`blank_disk(size_mib=1024, sector_size=512)` returns the path of a new empty disk."""
    made: list[str] = []

    def new(size_mib: int = 1024, sector_size: int = 512) -> str:
        disk = new_loop_disk(Path("/run/machine"), size_mib, sector_size)
        made.append(disk)
        return disk

    yield new
    # udev rereads the last table that a test has written; partitions come and go until it is done.
    subprocess.run(["udevadm", "settle"], check=True)
    for disk in reversed(made):
        remove_disk(disk)
    subprocess.run(["udevadm", "settle"], check=True)
