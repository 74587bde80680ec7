# SPDX-License-Identifier: Apache-2.0
"""Boot tests: arguments that would have no effect are refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.testbed.drives import Drive
from ignition.testbed.images import Image, Images
from ignition.testbed.machine import Machine
from ignition.testbed.power import PowerOn
from ignition.testbed.report import Report
from tests.support.boot import Boot, BootResult


@pytest.fixture
def boot(tmp_path: Path) -> Boot:
    for name in ("vmlinuz", "initramfs", "disk", "cd"):
        (tmp_path / name).touch()
    images = Images(*(tmp_path / name for name in ("vmlinuz", "initramfs", "disk", "cd")))
    return Boot(images, tmp_path / "machines")


@pytest.fixture
def loader(boot: Boot) -> Image:
    return Image("grub", boot.images.disk)


def test_a_boot_loader_has_its_own_arguments_and_initramfs(boot: Boot, loader: Image) -> None:
    with pytest.raises(ValueError, match=r"a boot loader does not take cmdline=$"):
        boot(cmdline="quiet", grub=True)
    with pytest.raises(ValueError, match=r"does not take initramfs=$"):
        boot(initramfs={"/etc/hosts": b""}, grub=True)
    with pytest.raises(ValueError, match=r"does not take cmdline= and initramfs=$"):
        boot(cmdline="quiet", initramfs={"/etc/hosts": b""}, image=loader)


def test_a_machine_that_boots_again_keeps_its_disks(boot: Boot, loader: Image) -> None:
    machine = Machine(boot.folder, loader, (Drive(loader.disk),))
    former = BootResult(machine, PowerOn(boot.folder, 1.0), Report())
    for arguments in ({"disks": [64]}, {"cds": [loader.disk]}, {"image": loader}):
        with pytest.raises(ValueError, match=f"boots again does not take {next(iter(arguments))}="):
            boot(again=former, **arguments)
    with pytest.raises(ValueError, match="a boot loader does not take cmdline="):
        boot(again=former, cmdline="quiet")
