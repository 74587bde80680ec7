# SPDX-License-Identifier: Apache-2.0
"""Debian 13 as the system: newer systemd, dracut, Python and kernel than the other boot tests have.

One machine refuses a bad config; another one is provisioned, and boots once more. The other boot tests run on
Debian 13 with SUITE=trixie.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ignition.testbed.httpserver import HttpServer
from ignition.testbed.images import Images
from tests.boot.conftest import images_of
from tests.support.boot import Boot, BootResult

HOST = "10.0.2.2"
"""This machine, as the guest sees it."""
KEY = "correct-horse-battery-staple"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpZ5ETGzYpYEUbqcLkoZQ0ZTNLIlmzrDZyW9eAd1qkR demo"
FAST = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
FOLDERS = {"given": "/srv/given", "made": "/srv/made", "tree": "/srv/tree", "fat": "/srv/fat"}
FORMATS = {"given": "ext4", "made": "xfs", "tree": "btrfs", "fat": "vfat"}
SIZES = {"given": 64, "made": 384, "tree": 160, "fat": 32, "swap": 32}
"""MiB of the partitions, in order; the last one is swap."""
PATHS = [
    *("/etc/crypttab", "/etc/luks", "/etc/fetched", "/var/lib/once", "/etc/.ignition-result.json"),
    *("/home/core/.ssh/authorized_keys.d/ignition", "/ignition.firstboot"),
    *(f"{folder}/written" for folder in FOLDERS.values()),
]
LOOK = "id core; . /etc/os-release; echo release $VERSION_ID; swapon --show=TYPE"


def device(name: str) -> str:
    return f"/dev/mapper/{name}" if name in ("given", "made") else f"/dev/disk/by-partlabel/{name}"


def config(fetched: str) -> dict[str, Any]:
    """`fetched` is the URL of a file."""
    partitions = [{"label": name, "sizeMiB": size} for name, size in SIZES.items()]
    volume = {"options": FAST}
    return {
        "ignition": {"version": "3.4.0"},
        "passwd": {
            "groups": [{"name": "wheel", "gid": 500}],
            "users": [{"name": "core", "groups": ["wheel"], "sshAuthorizedKeys": [SSH]}],
        },
        "storage": {
            "disks": [{"device": "/dev/vdb", "wipeTable": True, "partitions": partitions}],
            "luks": [
                volume
                | {"name": "given", "device": "/dev/disk/by-partlabel/given"}
                | {"keyFile": {"source": f"data:,{KEY}"}},
                volume | {"name": "made", "device": "/dev/disk/by-partlabel/made"},
            ],
            "filesystems": [
                *(
                    {"device": device(name), "format": FORMATS[name], "path": folder}
                    | {"wipeFilesystem": True, "label": name.upper()}
                    for name, folder in FOLDERS.items()
                ),
                {"device": "/dev/disk/by-partlabel/swap", "format": "swap"},
            ],
            "files": [
                {"path": "/etc/fetched", "mode": 0o640, "contents": {"source": fetched}},
                *(
                    {"path": f"{folder}/written", "contents": {"source": f"data:,{name}"}}
                    for name, folder in FOLDERS.items()
                ),
            ],
        },
        "systemd": {"units": [*map(mount_unit, FOLDERS), SWAP_UNIT, ONCE]},
    }


def mount_unit(name: str) -> dict[str, Any]:
    lines = ["[Mount]", f"What={device(name)}", f"Where={FOLDERS[name]}", f"Type={FORMATS[name]}"]
    lines += ["[Install]", "RequiredBy=local-fs.target", ""]
    return {"name": f"srv-{name}.mount", "enabled": True, "contents": "\n".join(lines)}


SWAP_UNIT = {
    "name": "dev-disk-by\\x2dpartlabel-swap.swap",
    "enabled": True,
    "contents": "[Swap]\nWhat=/dev/disk/by-partlabel/swap\n[Install]\nRequiredBy=swap.target\n",
}
ONCE = {
    "name": "once.service",
    "enabled": True,
    "contents": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo ran >>/var/lib/once'\n"
    "[Install]\nWantedBy=multi-user.target\n",
}


@pytest.fixture(scope="module")
def guest_images() -> Images:
    """In place of the images that IGNITION_SUITE names."""
    return images_of("trixie")


@pytest.fixture(scope="module")
def refused(boot_module: Boot) -> BootResult:
    bad = '{\n  "ignition": {"version": "3.6.0"},\n  "storage": {,}\n}'
    return boot_module(config=bad, network=False, expect="emergency")


@pytest.fixture(scope="module")
def first(boot_module: Boot) -> BootResult:
    with HttpServer({"/file": b"over the network"}) as server:
        server.answer("/c.ign", json.dumps(config(server.url("/file", HOST))).encode())
        source = {"replace": {"source": server.url("/c.ign", HOST)}}
        result = boot_module(
            config={"ignition": {"version": "3.4.0", "config": source}},
            disks=[1024],
            paths=PATHS,
            script=LOOK,
            grub=True,
            limit=900,
        )
        assert server.paths() == ["/c.ign", "/file"]
    return result


@pytest.fixture(scope="module")
def second(boot_module: Boot, first: BootResult) -> BootResult:
    return boot_module(again=first, paths=PATHS, script=LOOK, grub=True, limit=900)


def test_a_bad_config_is_refused_with_cause_and_position(refused: BootResult) -> None:
    console = re.sub(r"\x1b\[[0-9;]*m|\r", "", refused.console)
    assert "Ignition failed in phase fetch-offline:" in console
    assert "user config from qemu:3:" in console and "invalid character ','" in console
    assert "Traceback" not in console


def test_it_is_the_newer_system(first: BootResult) -> None:
    assert "release 13" in first.script.output
    assert "Booting initrd of dracut." in first.console.splitlines()


def test_every_phase_with_work_ran(first: BootResult) -> None:
    ran = [name for name, phase in first.phases.items() if phase.outcome == "success"]
    assert ran == ["fetch-offline", "fetch", "disks", "mount", "files"]
    assert not first.exists("/ignition.firstboot")


def test_files_users_and_units(first: BootResult) -> None:
    fetched = first.file("/etc/fetched")
    assert (fetched.text, fetched.mode) == ("over the network", 0o640)
    key = first.file("/home/core/.ssh/authorized_keys.d/ignition")
    assert (key.text, key.mode, key.uid) == (SSH + "\n", 0o600, 1000)
    assert "500(wheel)" in first.script.output
    assert first.file("/var/lib/once").text == "ran\n"


def mounted(boot: BootResult) -> dict[str, str]:
    """Mount point -> format, of the filesystems of the config."""
    return {
        str(each["target"]): str(each["fstype"])
        for each in boot.mounts
        if str(each["target"]) in FOLDERS.values()
    }


WANTED = {folder: FORMATS[name] for name, folder in FOLDERS.items()}


def test_filesystems_on_partitions_and_volumes(first: BootResult) -> None:
    assert mounted(first) == WANTED
    assert {name: first.file(f"{at}/written").text for name, at in FOLDERS.items()} == {
        name: name for name in FOLDERS
    }
    assert "partition" in first.script.output  # the type of the swap space


def test_volumes_are_in_crypttab_and_their_keys_beside_it(first: BootResult) -> None:
    lines = re.sub("UUID=[0-9a-f-]{36}", "DEVICE", first.file("/etc/crypttab").text).splitlines()
    options = "luks,x-initrd.attach"
    assert lines == [f"{name} DEVICE /etc/luks/{name} {options}" for name in ("given", "made")]
    given, made = (first.file(f"/etc/luks/{name}") for name in ("given", "made"))
    assert (given.text, given.mode, made.mode) == (KEY, 0o600, 0o600)


def test_the_second_boot_opens_everything_and_provisions_nothing(
    first: BootResult, second: BootResult
) -> None:
    assert mounted(second) == WANTED
    assert not second.phases
    assert second.log("ignition") == ""
    assert second.file("/var/lib/once").text == "ran\nran\n"
    for path in ("/etc/crypttab", "/etc/luks/made", "/etc/.ignition-result.json"):
        before, after = first.file(path), second.file(path)
        assert (after.inode, after.mtime, after.data) == (before.inode, before.mtime, before.data)
    assert second.facts.failed_units == first.facts.failed_units


def test_the_network_is_only_up_when_a_config_needs_it(
    first: BootResult, second: BootResult
) -> None:
    """dracut 106 has a default that configures all interfaces in each boot."""
    assert "zz-ignition-default.network" in first.log("systemd-networkd")
    for boot in (first, second):
        assert "zzzz-dracut-default.network" not in boot.log("systemd-networkd")
