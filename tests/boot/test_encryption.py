# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes, opened by key file, TPM and Tang: made on the first boot, and open on the next one
without anybody at the console."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support import tang
from tests.support.boot import Boot, BootResult

pytestmark = pytest.mark.slow

HOST = "10.0.2.2"
"""This machine, as the guest sees it."""
KEY = "correct-horse-battery-staple"
FOLDERS = {"data": "/srv/data", "var": "/var", "sealed": "/srv/sealed", "remote": "/srv/remote"}
"""Volume -> mount point. Each is on the partition of its name, /dev/vdb1 and so on."""
FAST = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
PATHS = [
    *("/etc/crypttab", "/etc/luks", "/etc/.ignition-result.json"),
    *(f"{folder}/written" for folder in FOLDERS.values()),
]
LOOK = (
    "ls /run/ignition/keys; for n in 1 2 3 4; do"
    " cryptsetup luksDump --dump-json-metadata /dev/vdb$n | tr -d '\\n'; echo; done"
)


def config(server: tang.TangServer) -> dict[str, Any]:
    """One machine with all four kinds of volumes, and units that a distribution or its user adds."""
    url = server.url.replace("127.0.0.1", HOST)
    keys: dict[str, dict[str, Any]] = {
        "data": {"keyFile": {"source": f"data:,{KEY}"}},
        "sealed": {"clevis": {"tpm2": True}},
        "remote": {"clevis": {"tang": [{"url": url, "thumbprint": server.thumbprint}]}},
    }
    disk = {"device": "/dev/vdb", "wipeTable": True}
    return {
        "ignition": {"version": "3.4.0"},
        "storage": {
            "disks": [disk | {"partitions": [{"label": name, "sizeMiB": 96} for name in FOLDERS]}],
            "luks": [
                {
                    "name": name,
                    "device": f"/dev/disk/by-partlabel/{name}",
                    "options": FAST,
                    **keys.get(name, {}),
                }
                for name in FOLDERS
            ],
            "filesystems": [
                {"device": f"/dev/mapper/{name}", "format": "ext4", "path": folder}
                for name, folder in FOLDERS.items()
            ],
            "files": [
                *(
                    {"path": f"{folder}/written", "contents": {"source": "data:,once"}}
                    for folder in FOLDERS.values()
                ),
                {
                    "path": "/etc/systemd/network/card.network",
                    "contents": {
                        "source": "data:,%5BMatch%5D%0AName=e*%0A%5BNetwork%5D%0ADHCP=yes%0A"
                    },
                },
            ],
        },
        "systemd": {
            "units": [
                *(_mount_unit(name, folder) for name, folder in FOLDERS.items()),
                {"name": "systemd-networkd.service", "enabled": True},
                {"name": "remote-cryptsetup.target", "enabled": True},
            ]
        },
    }


def _mount_unit(name: str, folder: str) -> dict[str, Any]:
    remote = name == "remote"
    lines = ["[Mount]", f"What=/dev/mapper/{name}", f"Where={folder}", "Type=ext4"]
    lines += ["Options=_netdev"] if remote else []
    lines += ["[Install]", f"RequiredBy={'remote' if remote else 'local'}-fs.target", ""]
    return {
        "name": f"{folder[1:].replace('/', '-')}.mount",
        "enabled": True,
        "contents": "\n".join(lines),
    }


@pytest.fixture(scope="module")
def first(boot_module: Boot, tang_server: tang.TangServer) -> BootResult:
    return boot_module(
        config=config(tang_server), disks=[512], paths=PATHS, script=LOOK, tpm=True, limit=1200
    )


@pytest.fixture(scope="module")
def second(boot_module: Boot, first: BootResult) -> BootResult:
    return boot_module(again=first, paths=PATHS, script=LOOK, limit=1200)


def headers(boot: BootResult) -> list[dict[str, Any]]:
    return [json.loads(line) for line in boot.script.output.splitlines() if line.startswith("{")]


def mounted(boot: BootResult) -> dict[str, str]:
    """Mount point -> device, of what is mounted from a volume."""
    return {
        str(each["target"]): str(each["source"])
        for each in boot.mounts
        if str(each.get("source", "")).startswith("/dev/mapper/")
    }


WANTED = {folder: f"/dev/mapper/{name}" for name, folder in FOLDERS.items()}


def test_all_volumes_are_mounted_with_their_files(first: BootResult) -> None:
    assert mounted(first) == WANTED
    assert {first.file(f"{folder}/written").text for folder in FOLDERS.values()} == {"once"}


def test_crypttab_names_each_volume_once(first: BootResult) -> None:
    table = first.file("/etc/crypttab")
    assert table.mode == 0o600
    fields = [re.sub(r"UUID=[0-9a-f-]{36} ", "", line) for line in table.text.splitlines()]
    assert fields == [
        "data /etc/luks/data luks,x-initrd.attach",
        "var /etc/luks/var luks,x-initrd.attach",
        "sealed none luks,x-initrd.attach",
        "remote none luks,_netdev,x-initrd.attach",
    ]


def test_only_volumes_without_clevis_have_key_files(first: BootResult) -> None:
    assert first.file("/etc/luks").mode == 0o700
    given, generated = first.file("/etc/luks/data"), first.file("/etc/luks/var")
    assert (given.text, given.mode) == (KEY, 0o600)
    assert re.fullmatch("[0-9a-f]{8192}", generated.text)
    assert generated.mode == 0o600
    assert not first.exists("/etc/luks/sealed")
    assert not first.exists("/etc/luks/remote")


def test_no_key_is_told_to_anybody(first: BootResult) -> None:
    """Neither journal nor console has one, nor does memory keep one after the boot."""
    generated = first.file("/etc/luks/var").text
    texts = [
        first.console,
        json.dumps(first.journal),
        first.file("/etc/.ignition-result.json").text,
    ]
    for key in (KEY, generated[:64], generated[-64:]):
        assert not [text for text in texts if key in text]
    assert not first.script.output.startswith(("data", "var"))  # of /run/ignition/keys


def test_headers_are_bound_and_marked_ready(first: BootResult) -> None:
    assert [len(header["keyslots"]) for header in headers(first)] == [1, 1, 1, 1]
    kinds = [
        sorted(token["type"] for token in header["tokens"].values()) for header in headers(first)
    ]
    ours = "ignition-firstboot"
    assert kinds == [[ours], [ours], ["clevis", ours], ["clevis", ours]]
    states = [
        token["state"]
        for header in headers(first)
        for token in header["tokens"].values()
        if token["type"] == ours
    ]
    assert states == ["ready"] * 4


def test_the_next_boot_opens_all_of_them_unattended(
    second: BootResult, tang_server: tang.TangServer
) -> None:
    assert mounted(second) == WANTED
    assert {second.file(f"{folder}/written").text for folder in FOLDERS.values()} == {"once"}
    assert "Unlocked /dev/" in second.log("clevis-luks-askpass")
    assert tang_server.connections


def test_the_next_boot_provisions_nothing(first: BootResult, second: BootResult) -> None:
    assert not second.phases
    assert second.log("ignition") == ""
    for path in ("/etc/crypttab", "/etc/luks/var", "/etc/.ignition-result.json"):
        before, after = first.file(path), second.file(path)
        assert (after.inode, after.mtime, after.data) == (before.inode, before.mtime, before.data)
    assert headers(first) == headers(second)
