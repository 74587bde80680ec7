# SPDX-License-Identifier: Apache-2.0
"""`ignition test --image` with disks of other distributions: one with this engine, one with Ignition 2.14.

Firmware, boot loader and initramfs are the image's own, and nothing of the testbed is in it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from tests.boot.conftest import CANNOT_HERE
from tests.support.foreign_images import debian_12_with_peer, debian_13

CONFIG = {
    "ignition": {"version": "3.3.0"},
    "storage": {
        "disks": [
            {
                "device": "/dev/vdb",
                "wipeTable": True,
                "partitions": [{"number": 1, "label": "data"}],
            }
        ],
        "filesystems": [
            {
                "device": "/dev/disk/by-partlabel/data",
                "format": "ext4",
                "label": "data",
                "path": "/var/data",
            }
        ],
        "files": [
            {"path": "/etc/hello", "mode": 0o600, "contents": {"source": "data:,hello"}},
            {"path": "/var/data/hello", "contents": {"source": "data:,on%20a%20disk"}},
        ],
        "links": [{"path": "/etc/greeting", "target": "/etc/hello"}],
    },
    "passwd": {
        "users": [{"name": "ada", "uid": 1042, "sshAuthorizedKeys": ["ssh-ed25519 AAAA a"]}]
    },
    "systemd": {
        "units": [
            {
                "name": "hello.service",
                "enabled": True,
                "contents": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
                "[Install]\nWantedBy=multi-user.target\n",
            },
            {
                "name": "var-data.mount",
                "enabled": True,
                "contents": "[Mount]\nWhat=/dev/disk/by-partlabel/data\nWhere=/var/data\nType=ext4\n"
                "[Install]\nWantedBy=local-fs.target\n",
            },
        ]
    },
}
LATER = {"ignition": {"version": "3.5.0"}, "storage": {"files": [{"path": "/etc/hello"}]}}
"""Of a spec version that Ignition 2.14 does not know."""
DERIVED = (
    "file /etc/hello",
    "file /var/data/hello",
    "link /etc/greeting",
    "user ada",
    "unit hello.service",
)


def image(make: Callable[[], Path]) -> Path:
    try:
        return make()
    except Failure as failure:
        if failure.code in CANNOT_HERE:
            pytest.skip(f"{failure}: {failure.hint}")
        raise


def run_case(folder: Path, config: Any, disk: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the result of the only case of `ignition test`."""
    (folder / "web.ign").write_text(json.dumps(config))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ignition", "test", str(folder / "web.ign")),
            *("--image", str(disk), "--format", "json", "--artefacts", str(folder / "artefacts")),
            *options,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    (case,) = json.loads(done.stdout)["cases"]
    return done.returncode, case


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.parametrize(
    ("make", "boots"),
    [
        pytest.param(debian_12_with_peer, 1, id="Debian 12, Ignition 2.14, BIOS"),
        pytest.param(debian_13, 2, id="Debian 13, this engine, UEFI", marks=pytest.mark.slow),
    ],
)
def test_a_config_is_judged(tmp_path: Path, make: Callable[[], Path], boots: int) -> None:
    disk = image(make)
    before = sha256(disk)
    status, case = run_case(tmp_path, CONFIG, disk, *(["--second-boot"] if boots == 2 else []))
    assert status == 0, case
    assert case["verdict"] == "passed"
    assert [boot["reached"] for boot in case["boots"]] == ["multi-user"] * boots
    passed = {check["subject"] for check in case["checks"] if check["status"] == "passed"}
    assert passed >= set(DERIVED)
    assert not [check for check in case["checks"] if "ignition-test" in check["subject"]]
    assert sha256(disk) == before


@pytest.mark.slow
def test_a_refusal_by_the_images_engine(tmp_path: Path) -> None:
    """Nothing in the image reports it: the console tells."""
    status, case = run_case(tmp_path, LATER, image(debian_12_with_peer))
    assert (status, case["verdict"]) == (3, "config refused"), case
    assert case["boots"]
