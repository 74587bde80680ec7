# SPDX-License-Identifier: Apache-2.0
"""One machine with an object of each kind, booted twice: what is so passes, and what is not so fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ignition.testbed.checks import judge, unchanged
from ignition.testbed.expectations.model import Expectations
from ignition.testbed.expectations.reading import load
from ignition.testbed.pictures import disk_views, step_times
from ignition.testbed.request import request_for
from ignition.testbed.results import Check, Status
from tests.support.boot import Boot, BootResult
from tests.support.judging import HERE

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpZ5ETGzYpYEUbqcLkoZQ0ZTNLIlmzrDZyW9eAd1qkR demo"
HASH = "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/"
MEMBERS = ["/dev/disk/by-id/virtio-disk2", "/dev/disk/by-id/virtio-disk3"]


def service(run: str, *more: str) -> str:
    lines = ["[Service]", f"ExecStart=/bin/sh -c '{run}'", *more]
    return "\n".join([*lines, "[Install]", "WantedBy=multi-user.target", ""])


def socket(listen: str, *more: str) -> str:
    return "\n".join(["[Socket]", listen, *more, "[Install]", "WantedBy=sockets.target", ""])


def unit(name: str, contents: str) -> dict[str, Any]:
    return {"name": name, "enabled": True, "contents": contents}


CONFIG: dict[str, Any] = {
    "ignition": {"version": "3.4.0"},
    "passwd": {
        "groups": [{"name": "wheel", "gid": 500}],
        "users": [
            {
                "name": "core",
                "uid": 1234,
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
                    {"number": 1, "label": "data", "sizeMiB": 64, "startMiB": 1},
                    {"number": 2, "label": "swap", "sizeMiB": 32},
                    {"number": 3, "label": "log"},
                ],
            }
        ],
        "raid": [{"name": "pool", "level": "raid1", "devices": MEMBERS}],
        "filesystems": [
            {
                "device": "/dev/disk/by-partlabel/data",
                "format": "ext4",
                "label": "DATA",
                "path": "/var/data",
                "mountOptions": ["noatime"],
            },
            {"device": "/dev/disk/by-partlabel/swap", "format": "swap", "label": "SWAP"},
            {"device": "/dev/vdb3", "format": "vfat", "label": "LOG"},
            {"device": "/dev/md/pool", "format": "ext4", "label": "pool"},
        ],
        "directories": [{"path": "/opt/tool", "mode": 0o750, "group": {"name": "wheel"}}],
        "files": [
            {
                "path": "/etc/motd",
                "mode": 0o664,
                "overwrite": True,
                "user": {"name": "core"},
                "contents": {"source": "data:,Welcome%0Ato%20the%20machine%0A"},
            },
            {"path": "/var/data/readme", "contents": {"source": "data:,hello%0A"}},
            {"path": "/etc/token", "mode": 0o600, "contents": {"source": "data:,old%20secret"}},
            {"path": "/etc/binary", "contents": {"source": "data:;base64,AAEC"}},
        ],
        "links": [
            {"path": "/opt/tool/motd", "target": "/etc/motd"},
            {"path": "/opt/tool/hard", "target": "/etc/binary", "hard": True},
        ],
    },
    "systemd": {
        "units": [
            unit(
                "var-data.mount",
                "[Mount]\nWhat=/dev/disk/by-label/DATA\nWhere=/var/data\nType=ext4\n"
                "Options=noatime,nosuid\n[Install]\nWantedBy=local-fs.target\n",
            ),
            unit("kept.service", service("true", "Type=oneshot", "RemainAfterExit=yes")),
            unit("once.service", service("echo it ran", "Type=oneshot")),
            unit("bad.service", service("echo I give up; exit 3", "Type=oneshot")),
            unit("late.service", service("sleep 3", "Type=oneshot", "RemainAfterExit=yes")),
            unit("web.socket", socket("ListenStream=0.0.0.0:8080", "Accept=yes")),
            {"name": "web@.service", "contents": "[Service]\nExecStart=/bin/true\n"},
            unit("local.socket", socket("ListenDatagram=127.0.0.1:5353")),
            {"name": "local.service", "contents": "[Service]\nExecStart=/bin/true\n"},
            {"name": "systemd-pstore.service", "mask": True},
        ]
    },
}
TRUE = f"""
files:
  - path: /etc/motd
    content: |
      Welcome
      to the machine
    contains: machine
    matches: (?m)^to the
    mode: 0664
    user: core
    group: 0
  - path: /etc/binary
    content_base64: AAEC
    sha256: ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc
  - path: /var/data/readme
    content: |
      hello
  - path: /proc/sys/kernel/ostype
    content: |
      Linux
  - path: /etc/nothing
    exists: false
directories:
  - path: /opt/tool
    mode: 0750
    group: wheel
links:
  - path: /opt/tool/motd
    target: /etc/motd
  - path: /opt/tool/hard
    target: /etc/binary
    hard: true
users:
  - name: core
    uid: 1234
    primary_group: core
    groups: [wheel]
    home: /home/core
    shell: /bin/bash
    keys: ["{KEY}"]
    password_hash: {HASH}
  - name: nobody-else
    exists: false
groups:
  - name: wheel
    gid: 500
    members: [core]
units:
  - name: kept.service
    enabled: true
    active: true
    masked: false
    failed: false
  - name: once.service
    enabled: true
    active: false
    failed: false
  - name: bad.service
    failed: true
  - name: late.service
    active: true
    within: 60
  - name: systemd-pstore.service
    masked: true
    active: false
  - name: no-such.service
    exists: false
mounts:
  - path: /
    device: LABEL=root
    type: ext4
  - path: /var/data
    device: /dev/disk/by-partlabel/data
    type: ext4
    options: [rw, noatime, nosuid, exec]
  - path: /mnt
    exists: false
disks:
  - device: /dev/disk/by-id/virtio-disk1
    table: gpt
    partitions:
      - number: 1
        label: data
        start_mib: 1
        size_mib: 64
        type_guid: 0FC63DAF-8483-4772-8E79-3D69D8477DE4
      - label: swap
        size_mib: 32
      - number: 3
      - number: 4
        exists: false
filesystems:
  - device: /dev/vdb1
    format: ext4
    label: DATA
  - device: /dev/disk/by-partlabel/swap
    format: swap
    label: SWAP
  - device: /dev/disk/by-label/LOG
    format: vfat
  - device: /dev/md/pool
    format: ext4
    label: pool
arrays:
  - name: pool
    level: raid1
    devices: [{MEMBERS[0]}, /dev/vdd]
    spares: 0
kernel_arguments:
  - argument: console=ttyS0
  - argument: nosmt
    exists: false
ports:
  - port: 8080
  - port: 8080
    address: 127.0.0.1
  - port: 5353
    protocol: udp
  - port: 23
    listening: false
commands:
  - run: id -un core; echo oops >&2
    output: |
      core
      oops
  - run: exit 3
    status: 3
  - run: ls /opt/tool
    matches: (?m)^motd$
journal:
  - matches: ^it ran$
    unit: once.service
  - matches: Kernel panic
    exists: false
second_boot: unchanged
"""
FALSE = f"""
files:
  - path: /etc/motd
    content: |
      Welcome
      to the fair
    mode: 0644
  - path: /etc/token
    content: new secret
  - path: /etc/nothing
directories:
  - path: /var/data/readme
links:
  - path: /opt/tool/motd
    target: /etc/issue
users:
  - name: core
    shell: /bin/zsh
    password_hash: {HASH}x
units:
  - name: once.service
    active: true
  - name: bad.service
    failed: false
  - name: no-such.service
    failed: false
mounts:
  - path: /var/data
    options: [ro]
disks:
  - device: /dev/vdb
    partitions:
      - number: 2
        size_mib: 64
      - number: 4
  - device: /dev/vdz
    table: gpt
filesystems:
  - device: /dev/vdb1
    format: xfs
arrays:
  - name: pond
ports:
  - port: 5353
    protocol: udp
    address: 10.0.2.15
commands:
  - run: "echo why; exit 1"
journal:
  - matches: give up
    exists: false
kernel_arguments:
  - argument: console=ttyS9
"""
FOUND_INSTEAD = [
    ("file /etc/motd", "mode", "0664"),
    ("file /etc/motd", "content", "23 bytes that differ"),
    ("file /etc/token", "content", "10 bytes that differ"),
    ("file /etc/nothing", "exists", "absent"),
    ("directory /var/data/readme", "exists", "file"),
    ("link /opt/tool/motd", "target", "/etc/motd"),
    ("user core", "shell", "/bin/bash"),
    ("user core", "password hash", "another hash"),
    ("unit once.service", "active", "inactive (dead), result success"),
    ("unit bad.service", "failed", "failed (failed), result exit-code, status 3"),
    ("unit no-such.service", "exists", "not found"),
    ("mount /var/data", "options", "rw,nosuid,noatime"),
    ("partition 2 of /dev/vdb", "size", "32 MiB"),
    ("partition 4 of /dev/vdb", "exists", "absent; there are 1 data, 2 swap, 3 log"),
    (
        "disk /dev/vdz",
        "exists",
        "no such device; the disks are /dev/vda, /dev/vdb, /dev/vdc, /dev/vdd",
    ),
    ("filesystem on /dev/vdb1", "format", "ext4"),
    ("array pond", "exists", "the arrays are pool"),
    ("kernel argument console=ttyS9", "exists", "console=ttyS0"),
    ("port 5353/udp on 10.0.2.15", "listening", "listening on 127.0.0.1"),
    ("command echo why; exit 1", "status", "1"),
    ("journal", "matches", "I give up"),
]


def expected(text: str) -> Expectations:
    return load("machine.expect.yaml", text.encode())


def failures(checks: tuple[Check, ...]) -> list[tuple[str, str, str]]:
    return [(one.subject, one.prop, one.found) for one in checks if one.status is Status.FAILED]


@pytest.fixture(scope="module")
def first(boot_module: Boot) -> BootResult:
    both = replace(expected(TRUE), items=(*expected(TRUE).items, *expected(FALSE).items))
    request = request_for(both, second_boot=True)
    return boot_module(config=CONFIG, disks=[256, 64, 64], request=request)


@pytest.fixture(scope="module")
def second(boot_module: Boot, first: BootResult) -> BootResult:
    request = request_for(expected(TRUE), second_boot=True)
    return boot_module(config=CONFIG, again=first, request=request)


def test_all_that_is_so_passes(first: BootResult) -> None:
    checks = judge(expected(TRUE), first.facts)
    assert len(checks) > 70
    assert [check for check in checks if check.status is not Status.PASSED] == []


def test_all_that_is_not_so_fails(first: BootResult) -> None:
    checks = judge(expected(FALSE), first.facts)
    assert sorted(failures(checks)) == sorted(FOUND_INSTEAD)
    details = {(check.subject, check.prop): check.detail for check in checks}
    assert "-to the fair\n+to the machine" in details["file /etc/motd", "content"]
    assert "RemainAfterExit=yes" in details["unit once.service", "active"]
    assert "I give up" in details["unit bad.service", "failed"]
    assert details["command echo why; exit 1", "status"] == "why"
    assert "secret" not in repr(checks).replace("token", "")


def test_pictures_of_the_boot(first: BootResult) -> None:
    views = {view.device: view for view in disk_views(first.facts)}
    assert views["/dev/vda"].contents == "ext4"
    assert [part.contents for part in views["/dev/vdb"].partitions] == ["ext4", "swap", "vfat"]
    assert [part.path for part in views["/dev/vdb"].partitions] == ["/var/data", "", ""]
    assert views["/dev/vdc"].contents == "raid1 pool"
    spans = step_times(first.facts)
    assert {"disks", "mount", "files"} <= {span.name for span in spans}
    steps = [span for span in spans if span.phase == "disks"]
    (disks,) = (span for span in spans if span.name == "disks")
    assert len(steps) > 3
    for step in steps:
        assert disks.started <= step.started
        assert step.started + step.seconds <= disks.started + disks.seconds + 0.1


def test_without_the_port_a_report_goes_over_the_console(boot: Boot) -> None:
    """Here from the initramfs, since provisioning fails."""
    storage = {"files": [{"path": "/etc/passwd", "contents": {"source": "data:,x"}}]}
    result = boot(
        config={"ignition": {"version": "3.4.0"}, "storage": storage},
        cmdline="module_blacklist=virtio_console",
        expect="emergency",
    )
    assert result.power_on.archive.read_bytes() == b""
    assert "/etc/passwd" in result.facts.failure
    assert (result.facts.in_initramfs, result.facts.shadow) == (True, None)
    assert result.facts.journal
    assert "@ignition-test" not in result.console
    (check, *_) = judge(expected(TRUE), result.facts)
    assert check.reason == "the machine did not get past its initramfs"


def test_the_second_boot_changes_nothing(first: BootResult, second: BootResult) -> None:
    checks = unchanged(first.facts, second.facts, HERE)
    assert failures(checks) == []
    unchanged_paths = [check.subject for check in checks if check.status is Status.PASSED]
    assert "second boot: file /etc/motd" in unchanged_paths
    undecided = [check.subject for check in checks if check.status is Status.NOT_DECIDED]
    assert undecided == ["second boot: file /etc/token"]  # only the first boot was asked for it
    # The image has no mdadm: the array is not assembled any more.
    failed = {subject for subject, *_ in failures(judge(expected(TRUE), second.facts))}
    assert failed <= {"array pool", "filesystem on /dev/md/pool"}
