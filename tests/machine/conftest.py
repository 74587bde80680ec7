# SPDX-License-Identifier: Apache-2.0
"""Tests below this folder run as root in user-mode Linux; outside, pytest only collects and reports them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import inside, outside
from tests.machine.blockdevices import BlankDisk, new_loop_disk, take_apart

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
    """`blank_disk(size_mib=1024, sector_size=512)` is the path of a new empty disk with partition support."""
    made: list[str] = []

    def new(size_mib: int = 1024, sector_size: int = 512) -> str:
        disk = new_loop_disk(Path("/run/machine"), size_mib, sector_size)
        made.append(disk)
        return disk

    yield new
    # A table that the test wrote last is read again by udev: partitions come and go until that is over.
    subprocess.run(["udevadm", "settle"], check=True)
    for disk in reversed(made):
        take_apart(disk)
    subprocess.run(["udevadm", "settle"], check=True)
