# SPDX-License-Identifier: Apache-2.0
"""The configs of the benchmarks, in a spec that Ignition 2.14 supports."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from typing import Any

Config = dict[str, Any]
UNIT = """[Unit]
Description=Number {0}

[Service]
ExecStart=/bin/true

[Install]
WantedBy=multi-user.target
"""
MOUNT = """[Mount]
What=/dev/disk/by-partlabel/var
Where=/var
Type=xfs

[Install]
RequiredBy=local-fs.target
"""
LINE = """\
# Some words to fill a small file with, as configuration files are.
[section]
number = {0:05}
name = value
other = "in quotes"
enabled = yes
"""


def _config(**sections: Any) -> Config:
    return {"ignition": {"version": "3.3.0"}, **sections}


def _file(path: str, text: str) -> Config:
    body = base64.b64encode(text.encode()).decode()
    return {"path": path, "mode": 420, "contents": {"source": f"data:;base64,{body}"}}


def _unit(number: int) -> Config:
    return {
        "name": f"number-{number}.service",
        "enabled": True,
        "contents": UNIT.format(number),
        "dropins": [{"name": "10-more.conf", "contents": "[Service]\nNice=1\n"}],
    }


def tiny() -> Config:
    return _config(storage={"files": [_file("/etc/hello", "hello\n")]})


def units(count: int) -> Config:
    """`count` units, each with a drop-in."""
    return _config(systemd={"units": [_unit(number) for number in range(count)]})


def files(count: int) -> Config:
    """`count` small files in 100 folders."""
    paths = (f"/srv/{number % 100}/file-{number}" for number in range(count))
    bodies = (LINE.format(number) for number in range(count))
    return _config(storage={"files": [*map(_file, paths, bodies)]})


def ordinary(rng: random.Random, size: float) -> Config:
    """A config of about `size` bytes with all usual sections.

    Lint warns about every third: no unit mounts its filesystem after the first boot.
    """
    mount = {"name": "var.mount", "enabled": True, "contents": MOUNT}
    made = _config(
        passwd={"users": [{"name": "core", "sshAuthorizedKeys": ["ssh-ed25519 AAAAC3Nza core"]}]},
        storage={
            "disks": [{"device": "/dev/vdb", "wipeTable": True, "partitions": [{"label": "var"}]}],
            "filesystems": [
                {"device": "/dev/disk/by-partlabel/var", "format": "xfs", "path": "/var"}
            ],
            "directories": [{"path": "/etc/app", "mode": 493}],
            "files": [],
            "links": [{"path": "/etc/localtime", "target": "../usr/share/zoneinfo/UTC"}],
        },
        systemd={"units": [mount] if rng.random() < 2 / 3 else []},
    )
    left = size - len(json.dumps(made))
    number = 0
    while left > 0:
        number += 1
        if rng.random() < 0.3:
            new = _unit(number)
            made["systemd"]["units"].append(new)
        else:
            new = _file(f"/etc/app/{number}.conf", LINE.format(number) * rng.randint(1, 20))
            made["storage"]["files"].append(new)
        left -= len(json.dumps(new))
    return made


def disks(count: int, formats: Sequence[str]) -> Config:
    """`count` disks, with a partition and a filesystem of each format."""
    nodes = [f"/dev/loop{number}" for number in range(count)]
    labels = {node: [f"{node[5:]}-{kind}" for kind in formats] for node in nodes}
    return _config(
        storage={
            "disks": [
                {
                    "device": node,
                    "partitions": [
                        {"label": label, "number": number, "sizeMiB": 1024}
                        for number, label in enumerate(labels[node], 1)
                    ],
                }
                for node in nodes
            ],
            "filesystems": [
                {"device": f"/dev/disk/by-partlabel/{label}", "format": kind}
                for node in nodes
                for kind, label in zip(formats, labels[node], strict=True)
            ],
        }
    )


def luks() -> Config:
    """A volume on a whole disk, with a key file. Key derivation is quick, or nothing else would count."""
    return _config(
        storage={
            "luks": [
                {
                    "name": "data",
                    "device": "/dev/loop0",
                    "keyFile": {"source": "data:,not-a-secret"},
                    "options": ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"],
                }
            ]
        }
    )


LOADS = {"tiny": tiny(), "units-1000": units(1000), "files-10000": files(10000)}
DISKS = {
    "4 disks": disks(4, ("ext4", "xfs", "btrfs", "vfat")),
    "1 disk": disks(1, ("ext4",)),
    "1 LUKS volume": luks(),
}
