# SPDX-License-Identifier: Apache-2.0
"""First boots with a config drive, which the udev rules and modules of the initramfs find."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ignition.testbed import drives
from tests.support.boot import Boot

CONFIG = json.dumps(
    {
        "ignition": {"version": "3.4.0"},
        "storage": {"files": [{"path": "/etc/from-the-drive", "contents": {"source": "data:,y"}}]},
    }
).encode()
PATHS = ["/etc/from-the-drive"]
LOOK = "cat /sys/class/net/e*/operstate; findmnt --noheadings --list --output TARGET,SOURCE"


def test_nocloud_drive_needs_no_network(boot: Boot, tmp_path: Path) -> None:
    image = drives.vfat(tmp_path / "seed", "cidata", {"/user-data": CONFIG, "/meta-data": b"{}"})
    result = boot(disks=[image], cmdline="ignition.platform.id=nocloud", paths=PATHS, script=LOOK)
    assert result.file("/etc/from-the-drive").text == "y"
    assert re.search("network for the first boot (was )?skipped", result.log("systemd"))
    assert result.script.output.startswith("down\n")
    assert "/run/ignition/drive" not in result.script.output


def test_openstack_drive_without_a_metadata_service(boot: Boot, tmp_path: Path) -> None:
    path = "/openstack/latest/user_data"
    image = drives.iso9660(tmp_path / "drive.iso", "config-2", {path: CONFIG})
    result = boot(cds=[image], cmdline="ignition.platform.id=openstack", paths=PATHS)
    assert result.file("/etc/from-the-drive").text == "y"
    assert "the config comes from config-2" in result.log()


def test_azure_stack_dvd(boot: Boot, tmp_path: Path) -> None:
    files = {"/ovf-env.xml": b"<Environment/>", "/CustomData.bin": CONFIG}
    image = drives.udf(tmp_path / "dvd.iso", "rd_rdfe_stable", files)
    result = boot(cds=[image], cmdline="ignition.platform.id=azurestack", paths=PATHS)
    assert result.file("/etc/from-the-drive").text == "y"
