# SPDX-License-Identifier: Apache-2.0
"""Machines that UEFI starts: a GPT with an ESP, and the first-boot flag on a filesystem of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ignition.base.errors import Failure
from ignition.testbed.images import Images
from tests.boot.conftest import CANNOT_HERE
from tests.support.boot import Boot, BootResult
from tests.support.uefi_images import Layout, uefi_image

CONFIG = {
    "ignition": {"version": "3.4.0"},
    "storage": {"files": [{"path": "/etc/hello", "contents": {"source": "data:,hello"}}]},
}
SEEN = "cat /proc/cmdline"
PATHS = ["/etc/hello", "/etc/.ignition-result.json"]


@dataclass(frozen=True)
class Case:
    """A layout of disks, and what the machine has mounted in the end: mount point -> first option."""

    layout: Layout
    mounted: dict[str, str]


CASES = [
    pytest.param(
        Case(Layout("grub", "ext4", "LABEL=boot /boot ext4 ro 0 0\n"), {"/boot": "ro"}),
        id="GRUB, /boot is ext4 and read-only",
    ),
    pytest.param(
        Case(Layout("systemd-boot", "esp"), {"/efi": "rw"}),
        id="systemd-boot, systemd mounts the ESP at /efi",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        Case(Layout("grub", "vfat", "LABEL=boot /boot vfat noauto 0 0\n"), {"/boot": "rw"}),
        id="GRUB, /boot is vfat and noauto",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        Case(Layout("grub", "esp"), {}),
        id="GRUB, nothing mounts the ESP",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        Case(
            Layout("systemd-boot", "vfat", "LABEL=ESP /efi vfat ro 0 0\n"),
            {"/boot": "rw", "/efi": "ro"},
        ),
        id="systemd-boot, ESP at /efi, kernels on another partition",
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_the_flag_is_read_once(boot: Boot, guest_images: Images, case: Case) -> None:
    try:
        image = uefi_image(boot.folder / "image", guest_images, case.layout)
    except Failure as failure:
        if failure.code in CANNOT_HERE:
            pytest.skip(f"{failure}: {failure.hint}")
        raise
    first = boot(CONFIG, image=image, paths=PATHS, script=SEEN)
    assert first.file("/etc/hello").text == "hello"
    assert "ignition.firstboot" in arguments(first)
    assert mounted(first) == case.mounted
    assert not first.facts.failed_units

    second = boot(CONFIG, again=first, paths=PATHS, script=SEEN)
    assert "ignition.firstboot" not in arguments(second)
    assert second.file("/etc/.ignition-result.json") == first.file("/etc/.ignition-result.json")
    assert not second.phases


def arguments(result: BootResult) -> list[str]:
    return result.script.output.split()


def mounted(result: BootResult) -> dict[str, str]:
    """Mount point of a boot filesystem -> rw or ro."""
    return {
        mount["target"]: mount["options"].split(",")[0]
        for mount in result.mounts
        if mount["target"] in ("/boot", "/efi") and mount["fstype"] != "autofs"
    }
