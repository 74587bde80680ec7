# SPDX-License-Identifier: Apache-2.0
"""Results of `ignition test` as a runner would return them: every verdict, disks with RAID, hostile text."""

from __future__ import annotations

from pathlib import Path

from ignition.base.finding import Finding
from ignition.base.origin import Origin
from ignition.testbed.results import (
    BootRecord,
    CaseResult,
    Cause,
    Check,
    DiskView,
    PartitionView,
    RunResult,
    Status,
    StepTime,
    Verdict,
)

MIB = 1 << 20
GIB = 1 << 30

CONFIG = """\
{
  "ignition": {"version": "3.4.0"},
  "passwd": {"users": [{"name": "core", "passwordHash": "$y$j9T$s3cr3t"}]},
  "storage": {
    "files": [
      {"path": "/etc/hostname", "mode": 420, "contents": {"source": "data:,web1"}}
    ]
  },
  "systemd": {"units": [{"name": "web.service", "enabled": true, "contents": "[Service]"}]}
}
"""
EXPECTATIONS = """\
files:
  - path: /etc/hostname
    mode: 0644
    content: "web1"
users:
  - name: core
    password_hash: $y$j9T$s3cr3t
units:
  - name: web.service
    active: true
"""

HOSTILE = (
    "</script></style><script>alert(1)</script><img src=x onerror=alert(1)>&lt;\"'`]]>-->"
    "\x00\x07\x1b[31m\x1b]0;title\x07\x9b2J\u202eright to left\u2066\udcff\ufffe\uffff\r\n"
    "::error::forged%0A::set-output name=x::y\n##[error]forged\n::stop-commands::x\nnot ok 1 # TODO \\\n"
    "Bail out!\n---\n...\n]]>\U0001f600"
)


def write_sources(folder: Path) -> None:
    """The config and the expectations file that the places of `run` lead to."""
    (folder / "configs").mkdir()
    (folder / "configs" / "web.ign").write_text(CONFIG)
    (folder / "configs" / "web.expect.yaml").write_text(EXPECTATIONS)


def run(*cases: CaseResult) -> RunResult:
    """A run with these cases, or with one of each kind."""
    given = cases or (
        passed(),
        expectation_failed(),
        refused(),
        provisioning_failed(),
        crashed(),
        timeout(),
        host_problem(),
        flaky(),
        raid(),
        applied(),
        hostile(),
    )
    return RunResult(given, 1795811625.25, sum(case.seconds for case in given), "tcg")


def place(line: int, column: int = 5, source: str = "configs/web.expect.yaml") -> Origin:
    return Origin(source, "", line, column)


def good(subject: str, prop: str, expected: str, line: int) -> Check:
    return Check(subject, prop, Status.PASSED, place(line), expected, expected)


GOOD = (
    good("file /etc/hostname", "content", "web1 (4 bytes)", 4),
    good("user core", "password_hash", "as expected", 7),
    good("unit web.service", "active", "active", 10),
)
BAD = (
    Check("file /etc/hostname", "mode", Status.FAILED, place(3), "0644", "0600"),
    Check(
        "file /etc/motd",
        "content",
        Status.FAILED,
        place(2),
        "23 bytes",
        "31 bytes",
        "--- expected\n+++ found\n@@ -1,2 +1,3 @@\n welcome\n-to web1\n+to localhost\n+<b>again</b>",
    ),
)
OPEN = (
    Check(
        "port tcp 80",
        "",
        Status.NOT_DECIDED,
        place(9),
        "listening",
        reason="the reporter of this guest does not list ports",
    ),
)

ROOT = PartitionView(4, 514 * MIB, 9 * GIB, "root", "ext4", "/")
DISK = DiskView(
    "/dev/vda",
    10 * GIB,
    "",
    (
        PartitionView(1, 1 * MIB, 1 * MIB, "bios"),
        PartitionView(2, 2 * MIB, 127 * MIB, "esp", "vfat", "/boot/efi"),
        PartitionView(3, 129 * MIB, 385 * MIB, "boot", "ext4", "/boot"),
        ROOT,
    ),
)


def boot(reached: str = "multi-user", console: str = "") -> BootRecord:
    """A boot with the usual phases and a few steps."""
    phases = (
        StepTime("fetch-offline", 11.9, 0.7),
        StepTime("disks", 13.1, 6.4),
        StepTime("mount", 19.6, 1.2),
        StepTime("files", 20.9, 4.3),
    )
    steps = (
        StepTime("partition /dev/vdb: add 1 (data)", 13.6, 2.1, "success", "disks"),
        StepTime("make xfs on /dev/disk/by-partlabel/data", 15.8, 3.4, "success", "disks"),
        StepTime("mount /dev/disk/by-partlabel/data at /sysroot/var/lib/data", 19.7, 0.9, "success", "mount"),
        StepTime("write /etc/hostname", 21.0, 0.1, "success", "files"),
        StepTime("fetch https://example.com/a-rather/long-name/of-a-file.tar", 21.1, 3.3, "success", "files"),
        StepTime("create user core", 21.1, 0.8, "success", "files"),
        StepTime("enable web.service", 24.6, 0.2, "success", "files"),
    )  # fmt: skip
    blank = DiskView("/dev/vdb", 2 * GIB)
    data = DiskView(
        "/dev/vdb",
        2 * GIB,
        "",
        (PartitionView(1, MIB, 1536 * MIB, "data", "xfs", "/var/lib/data"),),
    )
    lines = console or "".join(
        f"[{second:10.6f}] systemd[1]: Started unit-{second}.service.\n" for second in range(300)
    )
    return BootRecord(41.7, reached, phases, steps, (DISK, blank), (DISK, data), lines)


def passed() -> CaseResult:
    again = BootRecord(
        24.9, "multi-user", disks_before=(DISK,), disks_after=(DISK,), console="ok\n"
    )
    return CaseResult(
        "configs/web.ign [qemu]",
        "configs/web.ign",
        Verdict.PASSED,
        image="debian-13",
        checks=GOOD,
        boots=(boot(), again),
        seconds=68.3,
        repeat="ignition test configs/web.ign --platform qemu",
    )


def expectation_failed() -> CaseResult:
    return CaseResult(
        "configs/web.ign [aws]",
        "configs/web.ign",
        Verdict.EXPECTATION_FAILED,
        platform="aws",
        image="debian-13",
        cause=Cause(
            "IGN8401",
            "2 of 6 checks failed",
            "compare expected and found below, or print what follows from the config with ignition expect",
            place(3),
        ),
        checks=(*GOOD[:1], *BAD, *GOOD[1:], *OPEN),
        boots=(boot(),),
        notes=("Nothing is expected of /etc/remote: its content is known only when it is fetched.",),
        attempts=2,
        seconds=44.1,
        artefacts=Path("ignition-test/web.ign-aws"),
        repeat="ignition test configs/web.ign --platform aws --expect configs/web.expect.yaml",
    )  # fmt: skip


def refused() -> CaseResult:
    where = Origin("configs/web.ign", "/storage/files/0/path", 6, 8)
    return CaseResult(
        "configs/refused.ign",
        "configs/refused.ign",
        Verdict.REFUSED,
        cause=Cause("IGN1102", "path not absolute", "start the path with /", where),
        findings=(
            Finding("IGN1102", "error", "path not absolute", where, "start the path with /"),
            Finding("IGN1006", "warning", "unused key mdoe", place(6, 34, "configs/web.ign")),
        ),
        seconds=0.2,
        repeat="ignition test configs/refused.ign",
    )


def provisioning_failed() -> CaseResult:
    failed = BootRecord(
        33.0,
        "emergency",
        (StepTime("fetch-offline", 12.0, 0.7), StepTime("disks", 13.0, 9.0, "failed")),
        (
            StepTime("partition /dev/vdb: add 1 (data)", 13.5, 2.0, "success", "disks"),
            StepTime("make ext4 on /dev/vdb1", 15.6, 6.3, "failed", "disks"),
        ),
        (DISK, DiskView("/dev/vdb", 2 * GIB, "ext4 old")),
        (DISK, DiskView("/dev/vdb", 2 * GIB, "ext4 old")),
        "Entering emergency mode.\nPress Enter for maintenance\n",
    )
    return CaseResult(
        "configs/disks.ign",
        "configs/disks.ign",
        Verdict.PROVISIONING_FAILED,
        fault="disk-slow",
        cause=Cause(
            "IGN2104",
            "phase disks: /dev/vdb holds an ext4 filesystem labelled old",
            "set wipeFilesystem to true to replace it",
            place(5, 5, "configs/web.ign"),
        ),
        boots=(failed,),
        seconds=35.6,
        artefacts=Path("ignition-test/disks.ign"),
        repeat="ignition test configs/disks.ign --fault disk-slow",
    )


def crashed() -> CaseResult:
    console = (
        "[    3.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n"
    )
    return CaseResult(
        "configs/crash.ign",
        "configs/crash.ign",
        Verdict.CRASHED,
        image="fedora-coreos.qcow2",
        cause=Cause("IGN8410", "kernel panic: VFS: Unable to mount root fs", "look at the console"),
        boots=(BootRecord(3.4, "nothing", console=console),),
        seconds=4.0,
        artefacts=Path("ignition-test/crash.ign"),
        repeat="ignition test configs/crash.ign --image fedora-coreos.qcow2",
    )


def timeout() -> CaseResult:
    slow = (
        StepTime("fetch", 12.0, 587.9, "running"),
        StepTime("fetch http://example.com/x", 12.4, 587.5, "running", "fetch"),
    )
    return CaseResult(
        "configs/slow.ign",
        "configs/slow.ign",
        Verdict.TIMEOUT,
        cause=Cause(
            "IGN8411", "no end after 600 s, in phase fetch", "raise the limit with --timeout"
        ),
        boots=(BootRecord(600.0, "nothing", slow[:1], slow[1:], console="fetching\n"),),
        attempts=3,
        seconds=601.3,
        repeat="ignition test configs/slow.ign",
    )


def host_problem() -> CaseResult:
    return CaseResult(
        "configs/vmware.ign [vmware]",
        "configs/vmware.ign",
        Verdict.HOST_PROBLEM,
        platform="vmware",
        cause=Cause(
            "IGN8301",
            "platform vmware cannot be played: its config is read from a port of the hypervisor",
            "use one of aws, qemu",
        ),
        repeat="ignition test configs/vmware.ign --platform vmware",
    )


def flaky() -> CaseResult:
    return CaseResult(
        "configs/net.ign",
        "configs/net.ign",
        Verdict.PASSED,
        fault="net-flaky",
        checks=GOOD[:1],
        boots=(boot(),),
        attempts=3,
        flaky=True,
        seconds=51.2,
        repeat="ignition test configs/net.ign --fault net-flaky",
    )


def raid(steps: int = 240) -> CaseResult:
    """Two disks that become an array, and a boot with so many steps."""
    blank = tuple(DiskView(f"/dev/vd{letter}", 4 * GIB) for letter in "bc")
    member = (
        PartitionView(1, MIB, 1024 * MIB, "swap", "swap"),
        PartitionView(2, 1025 * MIB, 3 * GIB - 2 * MIB, "md", "raid1 md-data"),
    )
    array = DiskView(
        "/dev/md/md-data", 3 * GIB - 4 * MIB, "luks secure: btrfs, mounted at /var/lib/secure"
    )
    members = tuple(DiskView(disk.device, disk.size, "", member) for disk in blank)
    many = tuple(
        StepTime(
            f"write /etc/conf.d/{number}.conf",
            20 + number / 20,
            0.05 + number % 7 / 10,
            phase="files",
        )
        for number in range(steps)
    )
    phases = (
        StepTime("disks", 12.0, 7.0),
        StepTime("files", 20.0, max(0.5, steps / 20)),
    )
    record = BootRecord(
        22 + max(0.5, steps / 20),
        "multi-user",
        phases,
        many,
        (DISK, *blank),
        (DISK, *members, array),
        "ok\n",
    )
    return CaseResult(
        "configs/raid.ign",
        "configs/raid.ign",
        Verdict.PASSED,
        checks=(
            *(good(f"file /etc/conf.d/{number}.conf", "mode", "0644", 3) for number in range(30)),
            good("array md-data", "level", "raid1", 3),
        ),
        boots=(record,),
        seconds=36.4,
        repeat="ignition test configs/raid.ign",
    )


def applied() -> CaseResult:
    return CaseResult(
        "configs/quick.ign",
        "configs/quick.ign",
        Verdict.PASSED,
        tier="apply",
        checks=(
            good("file /etc/hostname", "mode", "0644", 3),
            Check(
                "unit web.service",
                "active",
                Status.NOT_DECIDED,
                place(10),
                "active",
                reason="nothing is started in this tier",
            ),
        ),
        notes=("Disks, mounts and units that run are not decided without a guest.",),
        seconds=1.4,
        repeat="ignition test configs/quick.ign --tier apply",
    )


def hostile() -> CaseResult:
    """Text that tries to end, forge or break whatever it is written into, in every field."""
    where = Origin(HOSTILE, HOSTILE, 3, 4)
    check = Check(HOSTILE, HOSTILE, Status.FAILED, where, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    step = StepTime(HOSTILE, 1.0, 2.0, HOSTILE, HOSTILE)
    disk = DiskView(HOSTILE, GIB, HOSTILE, (PartitionView(1, MIB, MIB, HOSTILE, HOSTILE, HOSTILE),))
    console = HOSTILE * 20 + "x" * 1_000_000 + "\n" + "\x1b[1m" * 100_000 + HOSTILE
    return CaseResult(
        HOSTILE,
        HOSTILE,
        Verdict.EXPECTATION_FAILED,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        Cause(HOSTILE, HOSTILE, HOSTILE, where),
        (check, Check(HOSTILE, "", Status.NOT_DECIDED, where, reason=HOSTILE)),
        (BootRecord(3.0, HOSTILE, (step,), (step,), (disk,), (disk,), console),),
        (Finding(HOSTILE, "error", HOSTILE, where, HOSTILE),),
        (HOSTILE,),
        seconds=3.0,
        artefacts=Path("ignition-test/x"),
        repeat=HOSTILE,
    )
