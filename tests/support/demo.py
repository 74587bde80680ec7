# SPDX-License-Identifier: Apache-2.0
"""`make demo`: boots one machine twice with the same QEMU command and checks what each boot did.

Exit status 0 only if every check passes.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator

from ignition.base.errors import Failure
from ignition.testbed.cache import CHECKOUT
from ignition.testbed.images import images
from ignition.testbed.programs import need
from tests.support.boot import Boot, BootFailed, BootResult, scratch_folder

CONFIG = CHECKOUT / "examples/demo.ign"
PROGRAMS = (
    *("make", "mmdebstrap", "unshare", "mke2fs", "debugfs"),
    *("grub-mkrescue", "xorriso", "mformat", "qemu-system-x86_64"),
)
"""Checked at the start, so that all missing packages are named together."""
DATA = "/var/lib/data"
RESULT = "/etc/.ignition-result.json"
KEYS = "/home/ada/.ssh/authorized_keys.d/ignition"
FLAG = "/ignition.firstboot"
CACHE = "/run/ignition.json"
PATHS = (
    "/etc/hostname",
    "/etc/motd",
    RESULT,
    KEYS,
    f"{DATA}/ada/notes",
    f"{DATA}/boots",
    FLAG,
    CACHE,
)
EDIT = "getent passwd ada; echo 'Edited by hand.' >>/etc/motd\n"
"""Runs at the end of each boot; both boots have it, so both have the same QEMU command."""
DISK_MIB = 256
LIMIT = 300

WORTH_SEEING = re.compile(
    r"^ignition [a-z-]*:|^Ignition |^ {2,}(IGN\d+|at ) |^Welcome to |^Booting initrd of "
    r"|\[FAILED\]|Kernel panic|(Reached target|Starting) (initrd-switch-root|multi-user)"
)
Check = tuple[bool, str]


def main() -> int:
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    screen = Screen(colour)
    begin = time.monotonic()
    try:
        need(*PROGRAMS)
        boot = Boot(images(), scratch_folder("demo"), on_line=screen.console)
        passed = _play(boot, screen)
    except BootFailed as failed:
        screen.title("The boot did not reach its target")
        print(failed)
        return 1
    except Failure as failure:
        print(f"{failure.code}  {failure}\n  {failure.hint}", file=sys.stderr)
        return 1
    boot.remove_images()
    screen.title(
        f"{'All checks passed' if passed else 'Some checks FAILED'} after {time.monotonic() - begin:.0f} s"
    )
    return 0 if passed else 1


def _play(boot: Boot, screen: Screen) -> bool:
    config = CONFIG.read_bytes()
    screen.title(
        f"First boot, with {CONFIG.relative_to(CHECKOUT)} through fw_cfg and an empty second disk"
    )
    first = boot(config, disks=[DISK_MIB], paths=PATHS, script=EDIT, grub=True, limit=LIMIT)
    screen.title(f"The machine after {first.seconds:.0f} s")
    passed = screen.checks(after_first(first))

    screen.title("Second boot, same command")
    second = boot(config, again=first, paths=PATHS, script=EDIT, grub=True, limit=LIMIT)
    screen.title(f"The machine after {second.seconds:.0f} s")
    passed &= screen.checks(after_second(first, second))
    return passed


def after_first(boot: BootResult) -> Iterator[Check]:
    """That the machine is what the config describes, seen from inside the booted machine."""
    for name, phase in boot.phases.items():
        yield phase.outcome == "success", f"phase {name}: {phase.outcome} in {phase.seconds:.1f} s"
    yield {"disks", "files"} <= set(boot.phases), "the phases disks and files ran"
    data = _device(boot, "data")
    yield data.get("TYPE") == "ext4", f"{data.get('DEVNAME')} is ext4, partition label data"
    swap = _device(boot, "swap")
    yield swap.get("TYPE") == "swap", f"{swap.get('DEVNAME')} is swap, partition label swap"
    mounted = {entry["target"]: entry["source"] for entry in boot.mounts}
    yield (
        mounted.get(DATA) == data.get("DEVNAME"),
        f"{mounted.get(DATA)} is mounted on {DATA} by its unit",
    )
    yield _text(boot, "/etc/hostname") == "demo\n", "/etc/hostname holds the new name"
    yield _text(boot, "/etc/motd").startswith("Provisioned"), "/etc/motd was replaced"
    notes = boot.file(f"{DATA}/ada/notes")
    yield (
        (notes.mode, notes.uid) == (0o600, 1000),
        f"{notes.path}: mode {notes.mode:o}, uid {notes.uid}",
    )
    yield "ada:x:1000:" in boot.script.output, "user ada exists with uid 1000"
    keys = boot.file(KEYS)
    yield (
        keys.mode == 0o600 and keys.uid == 1000,
        f"SSH key of ada: mode {keys.mode:o}, uid {keys.uid}",
    )
    yield _boots(boot) == 1, "the unit count-boots ran once"
    yield boot.facts.state == "running", f"systemctl is-system-running: {boot.facts.state}"
    report = boot.report or {}
    yield report.get("userConfigProvided") is True, f"{RESULT} reports that a config was applied"
    yield report.get("provisioningBootID") == _boot_id(boot), f"{RESULT} names this boot"
    yield not boot.exists(FLAG), f"{FLAG} was removed: the next boot is an ordinary one"


def after_second(first: BootResult, second: BootResult) -> Iterator[Check]:
    """That nothing was provisioned again."""
    yield (
        first.power_on.command == second.power_on.command,
        "both boots had the same QEMU command line",
    )
    yield not second.phases, "the journal has no phase of Ignition"
    yield not second.log(), "the journal has no line of Ignition"
    yield not second.exists(CACHE), f"there is no {CACHE}"
    yield _uuids(first) == _uuids(second), "all partitions and filesystems kept their UUIDs"
    before, after = first.file(RESULT), second.file(RESULT)
    same = (before.inode, before.mtime, before.data) == (after.inode, after.mtime, after.data)
    yield same, f"{RESULT} is the same file with the same bytes"
    yield _text(second, "/etc/motd").count("Edited") == 2, "/etc/motd kept the edit"
    yield second.report == json.loads(after.data), "the result file is that of the first boot"
    yield _boots(second) == 2, "the unit count-boots ran as an ordinary service"
    yield second.facts.state == "running", f"systemctl is-system-running: {second.facts.state}"


def _device(boot: BootResult, partition_label: str) -> dict[str, str]:
    found = (entry for entry in boot.blkid if entry.get("PARTLABEL") == partition_label)
    return next(found, {})


def _uuids(boot: BootResult) -> list[tuple[str | None, ...]]:
    return sorted(
        (entry["DEVNAME"], entry.get("UUID"), entry.get("PARTUUID")) for entry in boot.blkid
    )


def _text(boot: BootResult, path: str) -> str:
    return boot.file(path).text


def _boots(boot: BootResult) -> int:
    return len(_text(boot, f"{DATA}/boots").split())


def _boot_id(boot: BootResult) -> str:
    return _text(boot, f"{DATA}/boots").split()[-1]


class Screen:
    """The output on the terminal."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour
        self._begin = time.monotonic()

    def title(self, text: str) -> None:
        self._begin = time.monotonic()
        print(f"\n{self._paint('1', text)}", flush=True)

    def console(self, line: str) -> None:
        """Prints a line of the guest's console with the time since power-on, if it is of interest."""
        if WORTH_SEEING.search(line):
            bold = "1;31" if "FAILED" in line or "panic" in line else "36"
            shown = (
                self._paint(bold, line) if line.startswith("ignition ") or bold != "36" else line
            )
            print(f"{time.monotonic() - self._begin:6.1f} s  {shown}", flush=True)

    def checks(self, checks: Iterator[Check]) -> bool:
        """Prints each check; false if one failed or could not be made."""
        passed = True
        try:
            for passes, claim in checks:
                passed &= passes
                mark = self._paint("32", "  ok ") if passes else self._paint("1;31", "  NOT")
                print(f"{mark}  {claim}", flush=True)
        except AssertionError as missing:
            print(f"{self._paint('1;31', '  NOT')}  {missing}", flush=True)
            passed = False
        return passed

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


if __name__ == "__main__":
    sys.exit(main())
