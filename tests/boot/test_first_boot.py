# SPDX-License-Identifier: Apache-2.0
"""A machine is provisioned completely on its first boot, and only then."""

from __future__ import annotations

import pytest

from tests.support.boot import Boot, BootResult

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpZ5ETGzYpYEUbqcLkoZQ0ZTNLIlmzrDZyW9eAd1qkR demo"
HASH = "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/"
CONFIG = {
    "ignition": {"version": "3.6.0"},
    "passwd": {
        "groups": [{"name": "wheel", "gid": 500}],
        "users": [
            {
                "name": "core",
                "passwordHash": HASH,
                "groups": ["wheel"],
                "sshAuthorizedKeys": [KEY],
                "shell": "/bin/bash",
            }
        ],
    },
    "storage": {
        "disks": [
            {
                "device": "/dev/vdb",
                "wipeTable": True,
                "partitions": [
                    {"number": 1, "label": "data", "sizeMiB": 64},
                    {"number": 2, "label": "swap", "sizeMiB": 32},
                    {"number": 3, "label": "log"},
                ],
            }
        ],
        "filesystems": [
            {
                "device": "/dev/disk/by-partlabel/data",
                "format": "ext4",
                "label": "DATA",
                "path": "/var/data",
            },
            {"device": "/dev/disk/by-partlabel/swap", "format": "swap", "label": "SWAP"},
            {"device": "/dev/vdb3", "format": "vfat", "label": "LOG", "path": "/var/data/log"},
        ],
        "directories": [{"path": "/opt/tool", "mode": 493}],
        "files": [
            {
                "path": "/etc/hostname",
                "overwrite": True,
                "contents": {"source": "data:,provisioned%0A"},
            },
            {
                "path": "/var/data/readme",
                "mode": 384,
                "user": {"name": "core"},
                "group": {"name": "wheel"},
                "contents": {"source": "data:;base64,aGVsbG8K"},
            },
        ],
        "links": [{"path": "/opt/tool/hostname", "target": "/etc/hostname"}],
    },
    "systemd": {
        "units": [
            {
                "name": "once.service",
                "enabled": True,
                "contents": "[Unit]\nDescription=runs\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
                "ExecStart=/bin/sh -c 'echo ran >>/var/lib/once'\n[Install]\nWantedBy=multi-user.target\n",
                "dropins": [{"name": "10-more.conf", "contents": "[Service]\nNice=1\n"}],
            },
            {
                "name": "var-data.mount",
                "enabled": True,
                "contents": "[Mount]\nWhat=/dev/disk/by-label/DATA\nWhere=/var/data\nType=ext4\n"
                "[Install]\nWantedBy=local-fs.target\n",
            },
            {"name": "systemd-timesyncd.service", "mask": True},
        ]
    },
}
PATHS = [
    "/etc/hostname",
    "/var/data/readme",
    "/opt/tool",
    "/opt/tool/hostname",
    "/var/lib/once",
    "/home/core/.ssh/authorized_keys.d/ignition",
    "/etc/systemd/system/systemd-timesyncd.service",
    "/etc/.ignition-result.json",
    "/run/ignition.json",
    "/ignition.firstboot",
]
EDIT = (
    "echo edited >/etc/hostname; id core; getent shadow core; systemctl show -p Nice once.service"
)


@pytest.fixture(scope="module")
def first(boot_module: Boot) -> BootResult:
    return boot_module(config=CONFIG, disks=[256], paths=PATHS, script=EDIT, grub=True)


@pytest.fixture(scope="module")
def second(boot_module: Boot, first: BootResult) -> BootResult:
    return boot_module(config=CONFIG, again=first, paths=PATHS, grub=True)


def test_files_links_and_folders_are_there(first: BootResult) -> None:
    readme = first.file("/var/data/readme")
    assert (readme.text, readme.mode, readme.gid) == ("hello\n", 0o600, 500)
    assert readme.uid == 1000
    assert first.file("/opt/tool").mode == 0o755
    assert first.file("/opt/tool/hostname").target == "/etc/hostname"


def test_the_user_has_groups_password_and_key(first: BootResult) -> None:
    key = first.file("/home/core/.ssh/authorized_keys.d/ignition")
    assert (key.text, key.mode, key.uid) == (KEY + "\n", 0o600, 1000)
    assert "500(wheel)" in first.script.output
    assert f"core:{HASH}:" in first.script.output


def test_units_run_with_their_drop_ins_and_masks_hold(first: BootResult) -> None:
    assert first.file("/var/lib/once").text == "ran\n"
    assert "Nice=1" in first.script.output
    mask = first.file("/etc/systemd/system/systemd-timesyncd.service")
    assert mask.target == "/dev/null"


def test_the_second_disk_is_partitioned_and_mounted(first: BootResult) -> None:
    labels = {entry.get("LABEL"): entry.get("TYPE") for entry in first.blkid}
    assert labels.items() >= {"DATA": "ext4", "SWAP": "swap", "LOG": "vfat"}.items()


def test_every_phase_with_work_ran_once_and_idle_ones_did_not(first: BootResult) -> None:
    ran = [name for name, phase in first.phases.items() if phase.outcome == "success"]
    assert ran == ["fetch-offline", "disks", "mount", "files"]
    for phase in ran:
        assert f"{phase} passed" in first.log("ignition")
    assert "umount: umount passed" in first.log("ignition")


def test_the_result_file_describes_what_was_applied(first: BootResult) -> None:
    assert first.report is not None
    assert first.report["userConfigProvided"] is True
    assert first.file("/etc/.ignition-result.json").mode == 0o600


def test_the_flag_is_removed_after_success(first: BootResult) -> None:
    assert not first.exists("/ignition.firstboot")


def test_nothing_runs_in_the_second_boot(second: BootResult) -> None:
    assert not second.phases
    assert second.log("ignition") == ""
    assert not second.exists("/run/ignition.json")


def test_the_second_boot_changes_nothing(first: BootResult, second: BootResult) -> None:
    before, after = (run.file("/etc/.ignition-result.json") for run in (first, second))
    assert (after.inode, after.mtime, after.data) == (before.inode, before.mtime, before.data)
    assert second.file("/etc/hostname").text == "edited\n"
    uuids = [{e["UUID"] for e in run.blkid if e.get("UUID")} for run in (first, second)]
    assert uuids[0] == uuids[1]
    assert second.file("/var/lib/once").text == "ran\nran\n"


def test_a_forced_third_boot_provisions_again_and_keeps_the_former_report(
    boot_module: Boot, second: BootResult
) -> None:
    config = {"ignition": {"version": "3.6.0"}}
    third = boot_module(config=config, again=second, cmdline="ignition.firstboot=1", paths=PATHS)
    assert third.report is not None
    former = dict(second.report or {})
    # The journal for a repeated run is useless for a third boot, and would grow.
    former["engine"] = {key: value for key, value in former["engine"].items() if key != "journal"}
    assert third.report["previousReport"] == former
    assert (
        third.report["provisioningBootID"] != third.report["previousReport"]["provisioningBootID"]
    )
    assert "Ignition has already run on this system" in third.log("ignition")
