# SPDX-License-Identifier: Apache-2.0
"""Machines of `ignition test`: the data disks that a config names, platforms, and faults."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ignition.acquisition.rendered import Rendered
from ignition.config.parse import parse as parse_config
from ignition.testbed import faults
from ignition.testbed.images import Image, Images, default_image
from ignition.testbed.machine import Machine, create
from ignition.testbed.needed_drives import needed
from ignition.testbed.platforms import play
from ignition.testbed.power import PowerOn
from ignition.testbed.report import Report, read
from ignition.testbed.request import Request
from tests.support.boot import crowding, scratch_folder

LIMIT = 600
FILES = [
    {"path": "/etc/played", "contents": {"source": "data:,yes"}},
    {"path": "/var/lib/large", "contents": {"source": "data:," + "x" * 9000}},
]


@pytest.fixture
def image(guest_images: Images) -> Image:
    return default_image()


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The machine's folder, which is kept if the test fails."""
    folder = scratch_folder("machine-" + re.sub(r"\W+", "-", request.node.name))
    failed_before = request.session.testsfailed
    yield folder
    if request.session.testsfailed == failed_before:
        shutil.rmtree(folder)


def boot(
    config: dict[str, Any],
    image: Image,
    folder: Path,
    *,
    platform: str = "qemu",
    fault: str = "",
    script: str = "",
) -> tuple[PowerOn, Report]:
    data = json.dumps(config).encode()
    wanted = needed(Rendered(parse_config(data, "test").value, [], []))  # type: ignore[arg-type]
    assert wanted.notes == ()
    wrong = faults.parse(fault) if fault else None
    machine: Machine = create(folder, image, wanted.drives, boot_bus=wanted.boot_bus, fault=wrong)
    with play(platform, data, folder, image, wrong) as delivery:
        request = Request(paths=("/etc/played",), script=script)
        done = machine.boot(delivery, request, fault=wrong, limit=LIMIT * crowding())
    machine.remove_disks()
    return done, read(done.archive)


def filesystem(device: str, format: str, path: str) -> dict[str, Any]:
    return {"device": device, "format": format, "path": path, "wipeFilesystem": True}


def test_disks_of_all_names_at_once(image: Image, folder: Path) -> None:
    part = {"number": 1, "label": "first"}
    data = {"device": "/dev/vda", "wipeTable": True, "partitions": [part]}
    devices = {
        "/dev/vda1": "ext4",
        "/dev/sda": "xfs",
        "/dev/nvme0n1": "ext4",
        "/dev/disk/by-id/virtio-by-serial": "vfat",
        "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4": "ext4",
        "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_named": "ext4",
        "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_named": "ext4",
        "/dev/disk/by-id/ata-QEMU_HARDDISK_QM00007": "ext4",
    }
    made = [filesystem(name, kind, f"/mnt/{n}") for n, (name, kind) in enumerate(devices.items())]
    config = {
        "ignition": {"version": "3.4.0"},
        "storage": {"disks": [data], "filesystems": made, "files": FILES},
    }
    script = "for device in " + " ".join(devices) + "; do blkid -o value -s TYPE $device; done"
    done, report = boot(config, image, folder, script=script)
    assert report.state == "running", done.console[-3000:]
    assert report.script is not None
    assert report.script.output.split() == list(devices.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "platform"),
    [
        ("disk-full", "nocloud"),
        ("net-flaky", "gcp"),
        ("disk-missing", "metal"),
        ("net-late", "aliyun"),
        ("disk-slow", "cloudstack"),
        ("power-cut", "scaleway"),
        ("power-cut=disks", "azurestack"),
    ],
)
def test_what_the_engine_promises_for_faults(
    fault: str, platform: str, image: Image, folder: Path
) -> None:
    """Each on another platform, so that these are played too."""
    disk = {"device": "/dev/vdb", "wipeTable": True, "partitions": [{"number": 1}]}
    data = filesystem("/dev/vdb1", "ext4", "/data")
    config = {
        "ignition": {"version": "3.4.0"},
        "storage": {"disks": [disk], "filesystems": [data], "files": FILES},
    }
    done, report = boot(config, image, folder, platform=platform, fault=fault)
    promise = faults.parse(fault)
    if report.state == "emergency":
        assert any(code in report.failure for code in promise.stops), report.failure
    else:
        assert promise.may_succeed
        assert (report.files or {})["/etc/played"].text == "yes", done.console[-3000:]
    if fault in ("disk-full", "disk-missing"):
        assert report.state == "emergency", "the fault did not happen"
    cut = fault.startswith("power-cut")
    assert (done.before is not None and done.before.cut) is cut
    if done.before is not None:
        assert done.before.console != done.console
