# SPDX-License-Identifier: Apache-2.0
"""Which device the real root, with the keys of volumes, is on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ignition.base.settings import Settings
from ignition.config.model import Config
from ignition.stages.luks.stored_key import root_device


@pytest.mark.parametrize(
    "arguments, device",
    [
        ("root=/dev/sda1", "/dev/sda1"),
        ("root=/dev/sda1 root=/dev/sdb1", "/dev/sdb1"),
        ("root=LABEL=a/b", "/dev/disk/by-label/a\\x2fb"),
        ('root=LABEL="root"', "/dev/disk/by-label/root"),
        ("root=UUID=0AB1-22CD", "/dev/disk/by-uuid/0AB1-22CD"),
        ("root=PARTUUID=AB-02", "/dev/disk/by-partuuid/ab-02"),
        ("root=PARTLABEL=Root", "/dev/disk/by-partlabel/Root"),
        # The config's own root filesystem.
        ("", "/dev/md/root"),
        ("root=gpt-auto", "/dev/md/root"),
        ("root=nfs:server", "/dev/md/root"),
        ("root=NAME=x", "/dev/md/root"),
    ],
)
def test_device(tmp_path: Path, arguments: str, device: str) -> None:
    settings = Settings()
    settings.kernel_cmdline_path = str(tmp_path / "cmdline")
    Path(settings.kernel_cmdline_path).write_text(f"quiet {arguments}\n")
    filesystems: list[dict[str, Any]] = [
        {"device": "/dev/sdc", "format": "ext4", "path": "/var"},
        {"device": "/dev/md/root", "format": "ext4", "path": "/"},
    ]
    assert root_device(_config(filesystems), settings) == device
    if device == "/dev/md/root":
        assert root_device(_config(filesystems[:1]), settings) == ""


def _config(filesystems: list[dict[str, Any]]) -> Config:
    return Config(
        {"ignition": {"version": "3.7.0-experimental"}, "storage": {"filesystems": filesystems}}
    )
