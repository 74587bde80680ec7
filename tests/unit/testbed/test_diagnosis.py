# SPDX-License-Identifier: Apache-2.0
"""What console and journal say about a guest.

The boot and the panic were recorded; other lines follow the formats of Linux 6.1, systemd 252 and dracut 059.
"""

from __future__ import annotations

from typing import Any

import pytest

from ignition.base.codes import CODES
from ignition.testbed.diagnosis import examine
from ignition.testbed.engine_failure import last_phase, phase_of, provisioning_failure
from ignition.testbed.report import Report

BOOTED = """
Welcome to Debian GNU/Linux 12 (bookworm) dracut-059-4 (Initramfs)!
[  OK  ] Reached target cryptsetup.…get - Local Encrypted Volumes.
         Starting ignition-fetch-of…etch the config without network...
ignition fetch-offline: read user config from qemu                              1.37 s
         Starting ignition-files.se…gnition: files, users and units...
ignition files: done, 11 steps                                                  3.06 s
         Starting initrd-switch-root.service - Switch Root...

Welcome to Debian GNU/Linux 12 (bookworm)!
[  OK  ] Reached target multi-user.target - Multi-User System.
[  120.230386] reboot: Power down
"""
PANIC = """
[    4.280793] /dev/root: Can't open blockdev
[    4.282160] VFS: Cannot open root device "(null)" or unknown-block(0,0): error -6
[    4.282647] Please append a correct "root=" boot option; here are the available partitions:
[    4.284345] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)
[    4.284929] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
"""
OOPS = """
[   31.204421] BUG: kernel NULL pointer dereference, address: 0000000000000000
[   31.204980] #PF: supervisor write access in kernel mode
[   31.206011] Oops: 0002 [#1] PREEMPT SMP NOPTI
[   31.206310] CPU: 1 PID: 402 Comm: bash Not tainted 6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
"""
LOCKUP = "[  188.101001] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [systemd-udevd:211]"
HUNG = "[  363.003422] INFO: task jbd2/vda-8:188 blocked for more than 120 seconds."
EMERGENCY = """
[FAILED] Failed to mount var-data.mount - /var/data.
See 'systemctl status var-data.mount' for details.
[DEPEND] Dependency failed for local-fs.target - Local File Systems.
You are in emergency mode. After logging in, type "journalctl -xb" to view
system logs, "systemctl reboot" to reboot, "systemctl default" or "exit"
to boot into default mode.
"""
DRACUT = """
Welcome to Debian GNU/Linux 12 (bookworm) dracut-059-4 (Initramfs)!
[  189.320011] dracut-initqueue[411]: Warning: dracut-initqueue: timeout, still waiting for following
[  189.350012] dracut-initqueue[411]: Warning: Could not boot.
Generating "/run/initramfs/rdsosreport.txt"
Entering emergency mode. Exit the shell to continue.
"""
GRUB = """
error: no such device: root.
Entering rescue mode...
grub rescue>
"""
NO_DISK = """
Booting from Hard Disk...
Boot failed: not a bootable disk

No bootable device.
"""
ENGINE = """
         Starting ignition-disks.service - Ignition: disks...

Ignition failed in phase disks:
  IGN2104  /dev/vdb holds an ext4 filesystem
           at user config from qemu:7:9: /storage/filesystems/0
           set wipeFilesystem to replace it
  IGN2101  /dev/vdc is not there
           at user config from qemu: /storage/disks/1
[FAILED] Failed to start ignition-disks.service - Ignition: disks.
You are in emergency mode. After logging in, type "journalctl -xb" to view
"""
REFUSED = """
Ignition failed in phase fetch-offline:
  IGN4101  the config is not valid
           at user config from qemu
           IGN1403  user config from qemu:3:12: a path is not absolute
                    start it with /
           correct the config
"""
IGNITIONS = """
         Starting ignition-files.service - Ignition (files)...
[   29.711] ignition[611]: CRITICAL : Ignition failed: failed to create users/groups: exit status 9
[FAILED] Failed to start ignition-files.service - Ignition (files).
"""


def journal(*lines: tuple[str, str]) -> Report:
    entries: list[dict[str, Any]] = [
        {"SYSLOG_IDENTIFIER": name, "MESSAGE": text} for name, text in lines
    ]
    return Report(state="running", journal=entries)


def test_a_machine_that_came_up_has_no_problem() -> None:
    found = examine(BOOTED, journal(("systemd", "Started cron.service.")))
    assert (found.crash, found.provisioning, found.emergency, found.no_boot) == (None,) * 4
    assert found.problems == ()


@pytest.mark.parametrize(
    ("console", "code", "words"),
    [
        (PANIC, "IGN8410", "VFS: Unable to mount root fs"),
        (OOPS, "IGN8411", "kernel NULL pointer dereference"),
        ("[    2.1] Oops: general protection fault, probably for address 0x1", "IGN8411", "Oops"),
        ("[    3.0] kernel BUG at fs/ext4/inode.c:2730!", "IGN8411", "fs/ext4/inode.c"),
        (
            "[    1.0][    T1] Kernel panic - not syncing: no init found.",
            "IGN8410",
            "no init found",
        ),
    ],
)
def test_a_crashed_kernel_is_recognised_on_the_console(console: str, code: str, words: str) -> None:
    crash = examine(BOOTED + console).crash
    assert crash is not None
    assert crash.code == code and words in crash.text
    assert "[ " not in crash.text, "the stamp is no part of the message"


@pytest.mark.parametrize(
    ("console", "words"), [(LOCKUP, "soft lockup - CPU#0"), (HUNG, "jbd2/vda-8:188")]
)
def test_a_kernel_that_hangs_may_get_on(console: str, words: str) -> None:
    found = examine(BOOTED + console)
    assert found.crash is None
    assert found.hang is not None and found.hang.code == "IGN8412" and words in found.hang.text


def test_a_crashed_kernel_is_recognised_in_the_journal() -> None:
    oops = ("kernel", "BUG: unable to handle page fault for address: ffffc90000a7d000")
    crash = examine(BOOTED, journal(oops)).crash
    assert crash is not None and crash.code == "IGN8411"


def test_a_program_that_speaks_of_a_panic_does_not_crash_the_kernel() -> None:
    report = journal(("app", "Kernel panic - not syncing: just kidding"))
    assert examine(BOOTED + "app[3]: Oops: my own\n", report).crash is None


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (
            ("kernel", "Out of memory: Killed process 612 (stress) total-vm:2097152kB, anon-rss:1"),
            "IGN8413",
            "killed stress",
        ),
        (
            ("kernel", "Memory cgroup out of memory: Killed process 99 (web) total-vm:1kB"),
            "IGN8413",
            "killed web",
        ),
        (
            (
                "systemd-oomd",
                "Killed /system.slice/web.service due to memory pressure for /system.slice being 80%",
            ),
            "IGN8414",
            "/system.slice/web.service",
        ),
        (
            ("systemd", "a.service: Found ordering cycle on b.service/start"),
            "IGN8415",
            "a.service waits for b.service",
        ),
        (
            (
                "systemd",
                "a.service: Job b.service/start deleted to break ordering cycle starting with a",
            ),
            "IGN8415",
            "dropped the start of b.service",
        ),
        (
            ("systemd", "basic.target: Found ordering cycle on dev-disk-by\\x2dlabel-a.swap/start"),
            "IGN8415",
            "basic.target waits for dev-disk",
        ),
    ],
)
def test_what_a_machine_survives_is_a_problem(line: tuple[str, str], code: str, words: str) -> None:
    in_journal = examine(BOOTED, journal(line))
    on_console = examine(
        f"{BOOTED}[   12.345678] {line[0]}[1]: {line[1]}\n".replace("kernel[1]: ", "")
    )
    for found in (in_journal, on_console):
        (problem,) = found.problems
        assert problem.cause.code == code and words in problem.cause.text
        assert found.crash is None
    both = examine(f"{BOOTED}[   12.345678] {line[1]}\n", journal(line))
    assert len(both.problems) == 1, "console and journal tell the same"


def test_the_emergency_shell_has_the_unit_that_failed_first() -> None:
    found = examine(BOOTED + EMERGENCY).emergency
    assert found is not None
    assert found.code == "IGN8416" and "/var/data failed" in found.text


def test_a_device_that_did_not_appear_is_the_cause() -> None:
    lines = [
        ("systemd", "dev-vdx.device: Job dev-vdx.device/start timed out."),
        ("systemd", "Timed out waiting for device dev-vdx.device - /dev/vdx."),
        ("systemd", "Dependency failed for data.mount - /data."),
    ]
    found = examine(EMERGENCY, journal(*lines)).emergency
    assert found is not None and "dev-vdx.device" in found.text and "did not appear" in found.text


def test_an_initramfs_that_waits_in_vain() -> None:
    found = examine(DRACUT).emergency
    assert found is not None and found.code == "IGN8418"


@pytest.mark.parametrize(
    ("console", "code"),
    [("", "IGN8419"), ("\n \n", "IGN8419"), (GRUB, "IGN8420"), (NO_DISK, "IGN8421")],
)
def test_a_machine_that_never_started(console: str, code: str) -> None:
    found = examine(console).no_boot
    assert found is not None and found.code == code
    assert examine(console).emergency is None, "GRUB's rescue mode is no emergency shell"
    assert examine(console + BOOTED).no_boot is None


def test_failed_units_have_their_cause() -> None:
    entries: list[dict[str, Any]] = [
        {"SYSLOG_IDENTIFIER": "sh", "_SYSTEMD_UNIT": "bad.service", "MESSAGE": "no such table"},
        {
            "SYSLOG_IDENTIFIER": "systemd",
            "MESSAGE": "bad.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED",
        },
        {
            "SYSLOG_IDENTIFIER": "systemd",
            "MESSAGE": "bad.service: Failed with result 'exit-code'.",
        },
        {"SYSLOG_IDENTIFIER": "systemd", "MESSAGE": "good.service: Failed with result 'signal'."},
    ]
    report = Report(state="degraded", journal=entries, failed_units=["bad.service"])
    units = examine(BOOTED, report).failed_units
    assert units is not None and list(units) == ["bad.service"]
    assert "status=3/NOTIMPLEMENTED" in units["bad.service"]
    assert "no such table" in units["bad.service"]


def test_the_engine_names_phase_code_place_and_hint() -> None:
    found = provisioning_failure(ENGINE, None)
    assert found is not None
    assert (found.phase, found.code) == ("disks", "IGN2104")
    assert found.text == "/dev/vdb holds an ext4 filesystem"
    assert found.where == "user config from qemu:7:9: /storage/filesystems/0"
    assert found.hint == "set wipeFilesystem to replace it"
    assert found.codes == ("IGN2104", "IGN2101")
    assert "/dev/vdc is not there" in found.words


def test_findings_of_a_refused_config_are_part_of_the_failure() -> None:
    found = provisioning_failure("", Report(state="emergency", failure=REFUSED.strip()))
    assert found is not None
    assert found.codes == ("IGN4101", "IGN1403")
    assert found.where == "user config from qemu"
    assert found.hint == "correct the config"


def test_ignition_has_no_codes() -> None:
    found = provisioning_failure(IGNITIONS, None)
    assert found is not None
    assert (found.phase, found.code) == ("files", "")
    assert found.text == "failed to create users/groups: exit status 9"


def test_a_usage_error_of_the_engine_is_a_failure() -> None:
    line = "ignition : FAILED IGN6003 '--platform' must be provided\n"
    found = provisioning_failure(line, None)
    assert found is not None and found.code == "IGN6003"


@pytest.mark.parametrize(
    ("line", "phase"),
    [
        ("         Starting ignition-fetch-of…etch the config without network...", "fetch-offline"),
        ("         Starting ignition-fetch.service - Ignition: fetch the config...", "fetch"),
        ("         Starting ignition-mount.se…m - Ignition: mount filesystems...", "mount"),
        ("         Starting Ignition (disks)...", "disks"),
        ("ignition kargs: done, nothing to do                                  0.01 s", "kargs"),
        ("[    0.000000] Linux version 6.1.0-56-cloud-amd64", "kernel"),
        ("[  OK  ] Reached target multi-user.target - Multi-User System.", "started"),
        ("[  OK  ] Reached target Multi-User System.", "started"),
        ("[  OK  ] Started once.service - runs.", ""),
    ],
)
def test_phases_on_the_console(line: str, phase: str) -> None:
    assert phase_of(line) == phase


def test_the_last_phase_is_where_a_machine_hangs() -> None:
    assert last_phase("") == "firmware"
    assert last_phase(BOOTED) == "started"
    assert last_phase(BOOTED.split("ignition files: done")[0]) == "files"


def test_every_cause_has_a_registered_code() -> None:
    from ignition.testbed.signs import BOOT_LOADERS, CRASHES, EMERGENCIES, HANGS, PROBLEMS, SILENT

    used = {sign.code for sign in (*BOOT_LOADERS, *CRASHES, *EMERGENCIES, *HANGS, *PROBLEMS)}
    assert used | {SILENT.code} <= set(CODES)
