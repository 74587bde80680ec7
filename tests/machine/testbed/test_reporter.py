# SPDX-License-Identifier: Apache-2.0
"""The reporter on real units, arrays and LUKS headers: what is so passes, and what is not so fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ignition.testbed.checks import judge
from ignition.testbed.expectations.model import Expectations
from ignition.testbed.expectations.reading import load
from ignition.testbed.report import Report, read
from ignition.testbed.request import request_for
from ignition.testbed.results import Status
from tests.machine.blockdevices import BlankDisk

SCRIPT = Path(__file__).parents[3] / "ignition/testbed/guest/tree/usr/lib/ignition-test/report"


def run(*argv: str | Path, text: str = "") -> None:
    subprocess.run(argv, input=text, text=True, check=True, capture_output=True)


def expected(text: str) -> Expectations:
    return load("machine.expect.yaml", text.encode())


def report(folder: Path, *asked: Expectations) -> Report:
    items = tuple(item for one in asked for item in one.items)
    request = request_for(Expectations("machine.expect.yaml", items=items), second_boot=False)
    (folder / "request").write_bytes(request.pack())
    run("sh", SCRIPT, "here", folder / "request", folder / "out")
    return read(folder / "out.tar")


def assert_all(expectations: Expectations, found: Report, status: Status) -> None:
    checks = judge(expectations, found)
    assert checks
    assert [check for check in checks if check.status is not status] == []


def test_partitions_filesystems_and_mounts(blank_disk: BlankDisk, tmp_path: Path) -> None:
    disk = blank_disk(size_mib=64)
    table = "label: gpt\nsize=16MiB, name=data\nname=rest\n"
    run("sfdisk", "--quiet", disk, text=table)
    run("udevadm", "settle")
    run("mkfs.ext4", "-q", "-L", "my data", f"{disk}p1")
    run("udevadm", "settle")
    place = tmp_path / "mounted"
    place.mkdir()
    run("mount", "-o", "noatime", f"{disk}p1", place)
    true = expected(f"""
disks:
  - device: {disk}
    table: gpt
    partitions:
      - {{number: 1, label: data, size_mib: 16, start_mib: 1}}
      - {{label: rest, start_mib: 17}}
      - {{number: 3, exists: false}}
filesystems:
  - {{device: /dev/disk/by-partlabel/data, format: ext4, label: my data}}
mounts:
  - {{path: {place}, device: /dev/disk/by-partlabel/data, type: ext4, options: [rw, noatime]}}
""")
    found = report(tmp_path, true)
    assert_all(true, found, Status.PASSED)
    false = judge(
        expected(f"""
disks:
  - device: {disk}
    table: dos
    partitions:
      - {{number: 1, size_mib: 32}}
mounts:
  - {{path: {place}, type: xfs, options: [ro]}}
"""),
        found,
    )
    failed = [check.prop for check in false if check.status is Status.FAILED]
    assert failed == ["table", "size", "type", "options"]


def test_an_array_and_its_members(blank_disk: BlankDisk, tmp_path: Path) -> None:
    disks = [blank_disk(size_mib=32) for _ in range(3)]
    create = ["mdadm", "--create", "/dev/md/pool", "--run", "--level=1", "--raid-devices=2"]
    run(*create, "--spare-devices=1", "--metadata=1.2", *disks)
    run("udevadm", "settle")
    text = "arrays:\n  - {{name: pool, level: {}, devices: [{}], spares: {}}}\n"
    true = expected(text.format("raid1", ", ".join(disks), 1))
    found = report(tmp_path, true)
    assert_all(true, found, Status.PASSED)
    checks = judge(expected(text.format("raid5", "/dev/null", 0)), found)
    failed = [check.prop for check in checks if check.status is Status.FAILED]
    assert failed == ["level", "devices", "spares"]


def test_a_luks_header(blank_disk: BlankDisk, tmp_path: Path) -> None:
    disk = blank_disk(size_mib=32)
    quick = ["--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000", "--label=secret"]
    run("cryptsetup", "luksFormat", "--batch-mode", *quick, disk, "-", text="password")
    token = '{"type":"clevis","keyslots":["0"],"jwe":{"protected":"eyJjbGV2aXMiOnsicGluIjoidHBtMiJ9fQ"}}'
    run("cryptsetup", "token", "import", disk, text=token)
    run("udevadm", "settle")
    text = "luks:\n  - {{name: data, device: {}, label: {}, open: {}, pins: [{}]}}\n"
    true = expected(text.format(disk, "secret", "false", "tpm2"))
    found = report(tmp_path, true)
    assert_all(true, found, Status.PASSED)
    checks = judge(expected(text.format(disk, "other", "true", "tang")), found)
    failed = [check.prop for check in checks if check.status is Status.FAILED]
    assert failed == ["open", "label", "bindings"]


SERVICES = {
    "t-kept.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
    "[Install]\nWantedBy=multi-user.target\n",
    "t-once.service": "[Service]\nType=oneshot\nExecStart=/bin/echo it ran\n",
    "t-bad.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo I give up; exit 3'\n",
    "t-slow.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 4\n",
    "t@.service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
}


@pytest.mark.systemd
def test_units_and_the_journal(tmp_path: Path) -> None:
    for name, text in SERVICES.items():
        Path("/etc/systemd/system", name).write_text(text)
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "t-kept.service", "t@x.service")
    run("systemctl", "mask", "systemd-pstore.service")
    names = ["t-kept.service", "t-once.service", "t-bad.service", "t-slow.service"]
    run("systemctl", "start", "--no-block", *names)
    true = expected("""
units:
  - {name: t-kept.service, enabled: true, active: true, failed: false, masked: false}
  - {name: t-once.service, enabled: true, active: false, failed: false}
  - {name: t-bad.service, failed: true}
  - {name: t-slow.service, active: true, within: 60}
  - {name: t@x.service, enabled: true}
  - {name: systemd-pstore.service, masked: true, active: false}
  - {name: no-such.service, exists: false}
journal:
  - {unit: t-once.service, matches: ^it ran$}
  - {matches: never said, exists: false}
""")
    false = expected("""
units:
  - {name: t-kept.service, masked: true}
  - {name: t-kept.service, enabled: false}
  - {name: t-once.service, active: true}
  - {name: t-bad.service, failed: false}
  - {name: no-such.service, failed: false}
  - {name: systemd-pstore.service, enabled: true}
journal:
  - {unit: t-bad.service, matches: it ran}
  - {matches: I give up, exists: false}
""")
    found = report(tmp_path, true, false)
    assert_all(true, found, Status.PASSED)
    assert_all(false, found, Status.FAILED)
    details = {check.subject: check.detail for check in judge(false, found)}
    assert "RemainAfterExit=yes" in details["unit t-once.service"]
    assert "I give up" in details["unit t-bad.service"]
