# SPDX-License-Identifier: Apache-2.0
"""The end of the first boot: a flag file is removed, the argument in boot entries is overwritten."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

import pytest

COMPLETE = Path(__file__).parents[3] / "dracut-module/system/ignition-firstboot-complete.sh"
BOOT = "0e8a2a5c-3d4f-4d7e-9d57-0c5f5f4ad0b1"
EARLIER = "7b1f7e0e-92d5-4a6d-8d0a-55f1c7f3a3c9"
SELECTED = "LoaderEntrySelected-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
OWN_MOUNTS = ("unshare", *(["--map-root-user"] if os.geteuid() else []), "--mount")
"""Root needs no user namespace, which the kernel refuses in a chroot."""
ENTRY = "title Debian\nlinux /vmlinuz\noptions root=LABEL=root ignition.firstboot quiet\n"
SECTOR = 512


def result(boot: str, *earlier: str) -> str:
    """The result file of the engine."""
    report = "{\n"
    for depth, each in enumerate((boot, *earlier)):
        report += f'{"  " * (depth + 1)}"provisioningBootID": "{each}"'
        if depth < len(earlier):
            report += f',\n{"  " * (depth + 1)}"previousReport": {{\n'
    return report + "\n}" * (len(earlier) + 1) + "\n"


class Machine:
    """A root folder with a result file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "etc").mkdir()
        (root / "boot").mkdir()
        (root / "boot_id").write_text(BOOT + "\n")
        self.result = root / "etc/.ignition-result.json"
        self.result.write_text(result(BOOT))
        # The disks of the machine that runs the tests are none of their business.
        self.write("bin/lsblk", "#!/bin/sh\n").chmod(0o755)

    def write(self, path: str, text: str = "") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return file

    def complete(self, *wrapper: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "IGNITION_ROOT": str(self.root),
            "IGNITION_BOOT_ID_PATH": str(self.root / "boot_id"),
            "IGNITION_EFI_VARIABLES": str(self.root / "efivars"),
            "IGNITION_RUN_DIR": str(self.root / "run"),
        }
        return subprocess.run([*wrapper, COMPLETE], env=environment, capture_output=True, text=True)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    "place",
    [
        "ignition.firstboot",
        "boot/ignition.firstboot",
        "boot/efi/ignition.firstboot",
        "efi/ignition.firstboot",
        "efi/loader/addons/ignition-firstboot.addon.efi",
        "boot/EFI/Linux/debian.efi.extra.d/ignition-firstboot.addon.efi",
    ],
)
def test_the_flag_is_removed_after_provisioning(machine: Machine, place: str) -> None:
    flag = machine.write(place, "set ignition_network_kcmdline='ip=dhcp'\n")
    machine.result.write_text(result(BOOT, EARLIER))
    done = machine.complete()
    assert (done.returncode, done.stderr) == (0, "")
    assert not flag.exists()


def test_the_flag_stays_if_the_result_is_from_another_boot(machine: Machine) -> None:
    flag = machine.write("boot/ignition.firstboot")
    entry = machine.write("boot/loader/entries/a.conf", ENTRY)
    machine.result.write_text(result(EARLIER))
    done = machine.complete()
    assert done.returncode == 1
    assert "IGN6210" in done.stderr
    assert flag.exists()
    assert entry.read_text() == ENTRY


def test_without_a_result_the_flag_stays(machine: Machine) -> None:
    flag = machine.write("ignition.firstboot")
    machine.result.unlink()
    assert machine.complete().returncode == 1
    assert flag.exists()


def test_without_a_flag_it_says_that_every_boot_is_a_first_boot(machine: Machine) -> None:
    machine.write("boot/loader/entries/plain.conf", "options root=LABEL=root\n")
    done = machine.complete()
    assert done.returncode == 0
    assert done.stderr.startswith("<4>IGN6212 no boot filesystem has the first-boot flag")


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("options a ignition.firstboot b", "options a                    b"),
        ("options ignition.firstboot", "options                   "),
        ("  options\tignition.firstboot=1", "  options\t                    "),
        ("options a ignition.firstboot\r", "options a                   \r"),
        ("options ignition.firstboot ignition.firstboot=0", "options" + 40 * " "),
        ("options \u00e4=\u00f6 ignition.firstboot", "options \u00e4=\u00f6" + 19 * " "),
    ],
)
@pytest.mark.parametrize("end", ["\n", ""])
def test_the_argument_of_an_entry_becomes_spaces(
    machine: Machine, line: str, after: str, end: str
) -> None:
    entry = machine.write("efi/loader/entries/a.conf", f"title \u00dc\n\n{line}{end}")
    inode = entry.stat().st_ino
    done = machine.complete()
    assert (done.returncode, done.stderr) == (0, "")
    assert entry.read_bytes().decode() == f"title \u00dc\n\n{after}{end}"
    assert entry.stat().st_ino == inode


@pytest.mark.parametrize(
    "line",
    [
        "#options ignition.firstboot",
        "# options ignition.firstboot",
        "title ignition.firstboot",
        "options $ignition_firstboot ignition.firstbootx xignition.firstboot ignition.platform.id=qemu",
        "optionsx ignition.firstboot",
        "options",
    ],
)
def test_other_text_of_an_entry_is_kept(machine: Machine, line: str) -> None:
    entry = machine.write("efi/loader/entries/a.conf", line)
    flag = machine.write("ignition.firstboot")
    assert machine.complete().returncode == 0
    assert not flag.exists()
    assert entry.read_text() == line


def test_all_entries_are_changed_and_the_booted_one_last(machine: Machine) -> None:
    """After a power cut in between, the machine boots that one again, which finishes the others."""
    names = ["a.conf", "b.conf", "c d.conf"]
    entries = [machine.write(f"boot/loader/entries/{name}", ENTRY) for name in names]
    variable = machine.write(f"efivars/{SELECTED}")
    variable.write_bytes(b"\6\0\0\0" + "a.conf\0".encode("utf-16-le"))
    done = machine.complete()
    assert done.returncode == 0
    assert [line.rpartition("/")[2] for line in done.stdout.splitlines()] == [*names[1:], names[0]]
    assert all("firstboot" not in entry.read_text() for entry in entries)


def test_every_torn_write_leaves_an_entry_that_boots(machine: Machine) -> None:
    """The argument crosses a sector's end, and a power cut keeps any of the sectors."""
    words = "options root=LABEL=root "
    entry = machine.write(
        "boot/loader/entries/a.conf",
        "#" * (SECTOR - len(words) - 10) + f"\n{words}ignition.firstboot quiet\n",
    )
    before = entry.read_bytes()
    assert machine.complete().returncode == 0
    after = entry.read_bytes()
    assert len(after) == len(before)
    sectors = [
        (before[at : at + SECTOR], after[at : at + SECTOR]) for at in range(0, len(after), SECTOR)
    ]
    assert len(sectors) == 2
    for kept in itertools.product(*sectors):
        lines = b"".join(kept).decode().splitlines()
        options = lines[1].split()
        assert (options[:2], options[-1]) == (words.split(), "quiet")
        assert len(lines) == 2


def test_a_failure_is_reported_and_the_rest_is_cleared(machine: Machine) -> None:
    machine.write("bin/dd", "#!/bin/sh\nexit 1\n").chmod(0o755)
    entry = machine.write("boot/loader/entries/a.conf", ENTRY)
    flag = machine.write("efi/ignition.firstboot")
    machine.write("bin/findmnt", "#!/bin/sh\nexit 1\n").chmod(0o755)
    done = machine.complete()
    assert done.returncode == 1
    assert f"<3>IGN6211 {entry} cannot be changed" in done.stderr
    assert entry.read_text() == ENTRY
    assert not flag.exists()


@pytest.mark.skipif(
    subprocess.run([*OWN_MOUNTS, "true"], capture_output=True).returncode != 0,
    reason="no mount namespaces here",
)
def test_a_read_only_boot_filesystem_is_read_only_afterwards(machine: Machine) -> None:
    boot = machine.root / "boot"
    entry = f"{boot}/loader/entries/a.conf"
    done = machine.complete(
        *(*OWN_MOUNTS, "sh", "-eu", "-c"),
        f"mount -t tmpfs tmpfs {boot}; touch {boot}/ignition.firstboot; mkdir -p {boot}/loader/entries\n"
        f"echo 'options ignition.firstboot' >{entry}; mount -o remount,ro {boot}\n"
        f'"$0"\ntest ! -e {boot}/ignition.firstboot\ntest ! -w {boot}\n! grep firstboot {entry}',
    )
    assert done.returncode == 0, done.stderr
