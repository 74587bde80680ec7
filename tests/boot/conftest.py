# SPDX-License-Identifier: Apache-2.0
"""The fixture `boot`: boots in QEMU from cached images. See docs/testing.md.

Console and report of failed tests are kept in build/runs/.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from ignition.base.errors import Failure
from ignition.testbed.images import Images, images
from ignition.testbed.programs import need
from tests.support import tang
from tests.support.boot import Boot, scratch_folder

CANNOT_HERE = ("IGN8001", "IGN8003")
"""A missing program and a missing right: the machine's fault, not the project's."""


GUEST_MEMORY = 3 << 30
"""Bytes a guest takes at most: its own memory and what QEMU's emulator keeps of translated code."""


def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: as many guests in parallel as processors and memory allow."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(len(os.sched_getaffinity(0)), free // GUEST_MEMORY))


class SharedBoots(LoadScopeScheduling):  # type: ignore[misc] # xdist is not typed
    """Tests of a file with shared boots run on one worker, all others on any.

    xdist's own groups have no effect with pytest 9.2: it does not take the names that xdist gives to tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if "boot_module" in (self.config.rootpath / file).read_text() else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedBoots:
    return SharedBoots(config, log)


@pytest.fixture(scope="session")
def guest_images() -> Images:
    return images_of(None)


def images_of(suite: str | None) -> Images:
    """What guests boot, of a Debian release; None: of the one that IGNITION_SUITE names."""
    try:
        need("qemu-system-x86_64", "debugfs")
        return images(suite)
    except Failure as failure:
        if failure.code in CANNOT_HERE:
            pytest.skip(f"{failure}: {failure.hint}")
        raise


@pytest.fixture
def boot(guest_images: Images, request: pytest.FixtureRequest) -> Iterator[Boot]:
    """Boots a guest: `boot(config, paths=[…]) -> BootResult`."""
    yield from _boot(guest_images, request)


@pytest.fixture(scope="module")
def boot_module(guest_images: Images, request: pytest.FixtureRequest) -> Iterator[Boot]:
    """The same, for module-scoped fixtures whose boots several tests share."""
    yield from _boot(guest_images, request)


def _boot(images: Images, request: pytest.FixtureRequest) -> Iterator[Boot]:
    folder = scratch_folder(re.sub(r"\W+", "-", request.node.name))
    failed_before = request.session.testsfailed
    boots = Boot(images, folder)
    yield boots
    boots.remove_images()
    if request.session.testsfailed == failed_before:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def tang_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tang.TangServer]:
    """A real tangd on this machine's loopback."""
    if tang.missing():
        pytest.skip(tang.missing())
    with tang.TangServer(tmp_path_factory.mktemp("tang")) as running:
        yield running
