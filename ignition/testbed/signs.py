# SPDX-License-Identifier: Apache-2.0
"""The lines of console and journal that tell what happened to a machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ignition.testbed.results import Cause

KERNEL_TIME = r"^(?:\[\s*\d+\.\d+\](?:\[\s*[CT]\d+\])?\s*)?"
"""The stamp before a kernel message on the console, also with the processor or thread."""
UNIT = r"[\w@:.\\-]+\.(?:service|socket|target|device|mount|automount|swap|timer|path|slice|scope)"


@dataclass(frozen=True)
class Sign:
    """A line that tells what happened. `text` is a sentence with the groups of the pattern in it."""

    code: str
    pattern: re.Pattern[str]
    text: str
    hint: str


def sign(code: str, pattern: str, text: str, hint: str) -> Sign:
    return Sign(code, re.compile(pattern), text, hint)


_READ_CONSOLE = "read console.log from this line on"
CRASHES = (
    sign(
        "IGN8410",
        KERNEL_TIME + r"Kernel panic - not syncing: (?P<what>.*)",
        "the kernel panicked: {what}",
        _READ_CONSOLE,
    ),
    sign(
        "IGN8411",
        KERNEL_TIME + r"(?P<what>BUG: (?!soft lockup|workqueue lockup).*|Oops: .*|kernel BUG at .*"
        r"|general protection fault.*|Unable to handle kernel .*|Internal error: Oops.*)",
        "the kernel has a defect: {what}",
        _READ_CONSOLE,
    ),
)
HANGS = (
    sign(
        "IGN8412",
        KERNEL_TIME
        + r"(?:watchdog: )?(?P<what>BUG: (?:soft|workqueue) lockup.*|NMI watchdog: .*hard LOCKUP.*"
        r"|INFO: task .* blocked for more than \d+ seconds.*)",
        "the kernel hangs: {what}",
        "on a busy host that may pass: give the run fewer --jobs, or try --retries",
    ),
)
"""On a host that is too busy an emulated machine says so, too, and comes up all the same."""
PROBLEMS = (
    sign(
        "IGN8413",
        KERNEL_TIME
        + r"(?:Out of memory|Memory cgroup out of memory): Killed process \d+ \((?P<who>[^)]*)\).*",
        "the kernel killed {who}: the machine was out of memory",
        "raise --memory, or give the service less to do",
    ),
    sign(
        "IGN8414",
        r"Killed (?P<who>\S+) due to (?:memory used|memory pressure).*",
        "systemd-oomd killed {who}",
        "raise --memory, or MemoryHigh= of the unit",
    ),
    sign(
        "IGN8415",
        rf"(?:(?P<who>{UNIT}): )?Found ordering cycle(?: on (?P<on>{UNIT}))?.*",
        "the units have an ordering cycle: {who} waits for {on}",
        "remove a Before= or After=; systemd drops a job to get out of the cycle",
    ),
    sign(
        "IGN8415",
        rf"(?:(?P<who>{UNIT}): )?Job (?P<job>{UNIT})/(?:start|stop) deleted to break ordering cycle.*",
        "the units have an ordering cycle: systemd dropped the start of {job}",
        "remove a Before= or After=",
    ),
)
EMERGENCIES = (
    sign(
        "IGN8418",
        r".*dracut-initqueue.*: (?:Warning: )?(?:Could not boot\.|Timeout, still waiting for following.*)",
        "the initramfs waited in vain for a device or the network",
        "the kernel argument root= names a device that this machine lacks, or a disk is missing: see --disk",
    ),
    sign(
        "IGN8416",
        r".*(?:You are in (?:emergency|rescue) mode|Entering (?:emergency|rescue) mode\.(?!\.)"
        r"|Press Enter for (?:emergency|maintenance)"
        r"|Cannot open access to console, the root account is locked"
        r"|Reached target (?:\S+ - )?Emergency|Started (?:\S+ - )?Emergency Shell).*",
        "the machine stopped in the emergency shell",
        "the journal says which unit failed first",
    ),
)
BOOT_LOADERS = (
    sign(
        "IGN8420",
        r".*(?:grub rescue>|Entering rescue mode\.\.\."
        r"|error: (?:no such (?:device|partition)|file .* not found|unknown filesystem)).*",
        "GRUB found no system to start",
        "the disk has no bootable system, or needs --firmware uefi",
    ),
    sign(
        "IGN8421",
        r".*(?:No bootable device|Boot failed: not a bootable disk"
        r"|BdsDxe: No bootable option|>>Start PXE over|UEFI Interactive Shell).*",
        "the firmware found nothing to boot",
        "the disk has no boot loader, or needs the other --firmware",
    ),
)
SILENT = Cause(
    "IGN8419",
    "the guest said nothing on its serial console",
    "its kernel needs console=ttyS0; or the disk has no boot loader that QEMU's firmware can start",
)


LAST_WORDS = re.compile(
    KERNEL_TIME + r"(?:Kernel panic - not syncing|Entering rescue mode\.\.\.|No bootable device"
    r"|BdsDxe: No bootable option|UEFI Interactive Shell)"
)
"""After such a line a machine does nothing more, and may not power itself off."""


def without_stamp(line: str) -> str:
    """A message of systemd on the console without the kernel's stamp and `systemd[1]: `."""
    return re.sub(KERNEL_TIME + r"(?:systemd(?:-oomd)?\[\d+\]: )?", "", line)
