# SPDX-License-Identifier: Apache-2.0
"""Real drives: images as a host would attach them, found by the label links that udev creates."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ignition.acquisition import platforms
from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.resource.context import FetchContext
from ignition.system import drive
from ignition.testbed import drives

CONFIG = b'{"ignition": {"version": "3.4.0"}}'
CLOUD_CONFIG = b"#cloud-config\nhostname: a\n"
USER_DATA = "/openstack/latest/user_data"
GROUP_DESCRIPTORS = slice(2048, 4096)
"""Of an ext4 with 1 KiB blocks. Without them its label is readable, but it cannot be mounted."""
Attach = Callable[[Path], str]


@pytest.fixture
def attach() -> Iterator[Attach]:
    """Attaches an image as a read-only block device. Returns its name."""
    attached: list[str] = []

    def attach(image: Path) -> str:
        command = ["losetup", "--find", "--show", "--read-only", str(image)]
        device = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        attached.append(device)
        return device

    yield attach
    for device in attached:
        subprocess.run(["losetup", "--detach", device], check=True)
    subprocess.run(["udevadm", "settle"], check=True)


class Asking:
    """A machine that fetches its config; `lines` is its log."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[str] = []
        self.settings = Settings()
        self.settings.run_dir = str(folder / "run")
        self.context = FetchContext(self.settings, Log(lambda _, text: self.lines.append(text)))
        self.context.offline = True

    def fetch(self, platform: str) -> bytes:
        data: bytes = platforms.provider(platform).fetch(self.context)
        assert not list(Path(self.settings.run_dir).glob("*")), "no mount point is left"
        return data

    def mounted(self, device: str) -> drive.ReadOnlyMount:
        return drive.ReadOnlyMount(
            self.settings,
            self.context.log,
            device,
            lambda seconds: self.context.sleep(seconds),
        )


@pytest.fixture
def machine(tmp_path: Path) -> Asking:
    return Asking(tmp_path)


@pytest.mark.parametrize(
    ("make", "label", "path", "platforms"),
    [
        (drives.iso9660, "config-2", USER_DATA, ["nutanix", "powervs", "kubevirt"]),
        (drives.iso9660, "cidata", "/user-data", ["nocloud", "ibmcloud", "kubevirt", "proxmoxve"]),
        (drives.vfat, "cidata", "/user-data", ["nocloud"]),
        (drives.vfat, "CIDATA", "/user-data", ["nocloud"]),
        (drives.vfat, "config-2", USER_DATA, ["kubevirt"]),
        (drives.ext4, "config-2", USER_DATA, ["nutanix"]),
        (drives.udf, "cidata", "/user-data", ["nocloud"]),
    ],
)
def test_config_on_a_drive(
    make: Callable[..., Path],
    label: str,
    path: str,
    platforms: list[str],
    attach: Attach,
    machine: Asking,
    tmp_path: Path,
) -> None:
    attach(make(tmp_path / "image", label, {path: CONFIG}))
    for platform in platforms:
        assert machine.fetch(platform) == CONFIG


def test_user_data_for_cloud_init(attach: Attach, machine: Asking, tmp_path: Path) -> None:
    files = {"/user-data": CLOUD_CONFIG, "/vendor-data": CONFIG}
    attach(drives.iso9660(tmp_path / "a", "cidata", files))
    assert machine.fetch("proxmoxve") == CONFIG
    with pytest.raises(Failure) as caught:
        machine.fetch("nocloud")
    assert caught.value.code == "IGN5542"


def test_label_that_appears_late_or_in_another_case(
    attach: Attach, machine: Asking, tmp_path: Path
) -> None:
    attach(drives.iso9660(tmp_path / "upper", "CONFIG-2", {USER_DATA: b"another"}))
    machine.settings.wait_fetch = 2
    with pytest.raises(Failure) as caught:
        machine.fetch("nutanix")
    assert caught.value.code == "IGN5540"
    assert "CONFIG-2" in caught.value.hint
    machine.settings.wait_fetch = 60
    late = drives.iso9660(tmp_path / "lower", "config-2", {USER_DATA: CONFIG})
    timer = threading.Timer(3, attach, [late])
    begin = time.monotonic()
    timer.start()
    assert machine.fetch("nutanix") == CONFIG
    assert time.monotonic() - begin >= 3
    timer.join()


def test_drive_that_cannot_be_mounted(attach: Attach, machine: Asking, tmp_path: Path) -> None:
    image = drives.ext4(tmp_path / "image", "cidata", {"/user-data": CONFIG})
    data = bytearray(image.read_bytes())
    data[GROUP_DESCRIPTORS] = bytes(2048)
    image.write_bytes(data)
    attach(image)
    with pytest.raises(Failure) as caught:
        machine.fetch("nocloud")
    assert caught.value.code == "IGN5541"
    slept: list[float] = []
    machine.context.sleep = slept.append
    machine.context.clock = lambda: sum(slept)
    assert machine.fetch("ibmcloud") == b""
    assert sum(slept) == 30
    assert any("cidata cannot be mounted" in line for line in machine.lines)


def test_drive_without_user_data(attach: Attach, machine: Asking, tmp_path: Path) -> None:
    attach(drives.vfat(tmp_path / "image", "cidata", {"/meta-data": b"instance-id: 1"}))
    assert machine.fetch("nocloud") == b""


def test_two_drives_at_once_and_one_that_stays_busy(
    attach: Attach, machine: Asking, tmp_path: Path
) -> None:
    one = attach(drives.ext4(tmp_path / "one", "one", {"/name": b"one"}))
    two = attach(drives.ext4(tmp_path / "two", "two", {"/name": b"two"}))
    machine.context.sleep = lambda seconds: None
    with machine.mounted(one) as folder, machine.mounted(two) as other:
        assert (drive.read_file(folder, "/name"), drive.read_file(other, "/name")) == (
            b"one",
            b"two",
        )
        busy = os.open(f"{folder}/name", os.O_RDONLY)
    assert not Path(other).exists()
    assert Path(folder).is_mount(), "it is tried, and left"
    assert f"{one} stays mounted on {folder}" in machine.lines
    with machine.mounted(two) as other:
        assert other != folder
        assert drive.read_file(other, "/name") == b"two"
    os.close(busy)
    subprocess.run(["umount", folder], check=True)


def test_drive_that_is_busy_for_a_moment(attach: Attach, machine: Asking, tmp_path: Path) -> None:
    device = attach(drives.ext4(tmp_path / "image", "one", {"/name": b"one"}))
    with machine.mounted(device) as folder:
        busy = os.open(f"{folder}/name", os.O_RDONLY)
        machine.context.sleep = lambda seconds: os.close(busy)
    assert not Path(folder).exists()
