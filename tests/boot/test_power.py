# SPDX-License-Identifier: Apache-2.0
"""Guests in QEMU end as they should, and nothing of them is left. The guests are boot sectors."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed import accel
from ignition.testbed.drives import Drive
from ignition.testbed.power import MAX_RESETS, Action, PowerOn, Watch
from ignition.testbed.qemu import FromDisk, Guest
from tests.support.boot_sector import guest, writer

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86 is not installed"
)
LIMIT = 60


@pytest.fixture(autouse=True)
def emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether KVM works is not the subject here."""
    monkeypatch.setattr(accel, "DEVICE", "/nonexistent")


def power_on(folder: Path, drive: Drive, watch: Watch, **more: object) -> PowerOn:
    return Guest(folder, FromDisk(), [drive], memory_mib=64, cpus=1, **more).run(watch)  # type: ignore[arg-type]


def running(folder: Path) -> list[str]:
    """The processes whose command line names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command and process.name != str(os.getpid()):
            found.append(command)
    return found


def test_a_guest_that_powers_off(tmp_path: Path) -> None:
    lines: list[str] = []
    drive = guest(tmp_path, "one\n\x1b[1mtwo\x1b[0m\n", "off")
    done = power_on(tmp_path, drive, Watch(LIMIT, on_line=lines.append))
    assert done == PowerOn(tmp_path, done.seconds)
    assert [line for line in lines if line in ("one", "two")] == ["one", "two"]
    assert done.console.splitlines() == lines
    assert done.command.startswith("qemu-system-x86_64 ")
    assert done.archive.read_bytes() == b""


def test_the_limit(tmp_path: Path) -> None:
    done = power_on(tmp_path, guest(tmp_path, "up\n"), Watch(2))
    assert done.timed_out and not done.cancelled and not done.cut
    assert running(tmp_path) == []


def test_cancel_ends_the_guest_at_once(tmp_path: Path) -> None:
    cancel = threading.Event()
    done = power_on(
        tmp_path,
        guest(tmp_path, "up\n"),
        Watch(LIMIT, on_line=lambda _: cancel.set(), cancel=cancel),
    )
    assert done.cancelled and done.seconds < LIMIT / 2
    assert running(tmp_path) == []


def test_a_power_cut_at_a_line_of_the_console(tmp_path: Path) -> None:
    cut = Action("cut", 0, re.compile("^now$"))
    done = power_on(tmp_path, guest(tmp_path, "not yet\nnow\n"), Watch(LIMIT, (cut,)))
    assert done.cut and "now\n" in done.console
    assert done.notes == ()


def test_a_power_cut_that_comes_too_late_is_noted(tmp_path: Path) -> None:
    done = power_on(tmp_path, guest(tmp_path, "up\n", "off"), Watch(LIMIT, (Action("cut", LIMIT),)))
    assert not done.cut
    assert done.notes == ("the power was not cut: the machine had powered off before",)


def test_the_link_goes_down_before_the_first_instruction_and_up_later(tmp_path: Path) -> None:
    actions = (Action("link down"), Action("link up", 0.5), Action("cut", 1))
    done = power_on(tmp_path, guest(tmp_path, "up\n"), Watch(LIMIT, actions))
    assert done.cut and "up" in done.console


def test_a_link_that_the_machine_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="refused set_link") as caught:
        power_on(
            tmp_path, guest(tmp_path, "up\n"), Watch(LIMIT, (Action("link down"),)), network=False
        )
    assert caught.value.code == "IGN8010"
    assert running(tmp_path) == []


def test_a_guest_that_restarts_for_ever(tmp_path: Path) -> None:
    done = power_on(tmp_path, guest(tmp_path, "again\n", "reset"), Watch(LIMIT))
    assert done.timed_out and done.resets > MAX_RESETS
    assert done.notes == (f"the machine restarted {done.resets} times, and was switched off",)
    assert done.seconds < LIMIT


def test_no_memory(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no memory for the guest") as caught:
        Guest(tmp_path, FromDisk(), [guest(tmp_path, "up\n")], memory_mib=1 << 30).run(Watch(LIMIT))
    assert caught.value.code == "IGN8011"
    assert "--memory" in caught.value.hint


def test_a_drive_that_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no image")
    with pytest.raises(Failure, match="qcow2") as caught:
        power_on(tmp_path, Drive(tmp_path / "text", "qcow2"), Watch(LIMIT))
    assert caught.value.code == "IGN8010"


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    drive = guest(tmp_path, "up\n")
    with pytest.raises(Failure, match="cannot write") as caught:
        power_on(drive.image, drive, Watch(LIMIT))
    assert caught.value.code == "IGN8012"


def test_no_space_for_the_console(tmp_path: Path) -> None:
    (tmp_path / "console.log").symlink_to("/dev/full")
    with pytest.raises(Failure, match="is full") as caught:
        power_on(tmp_path, guest(tmp_path, "up\n", "off"), Watch(LIMIT))
    assert caught.value.code == "IGN8013"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_no_space_for_what_the_guest_writes(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4M", "small", small], check=True)
    try:
        drive = writer(small / "disk.img", 16 << 20)
        with pytest.raises(Failure, match="no space left for the guest's disks") as caught:
            power_on(tmp_path, drive, Watch(LIMIT))
    finally:
        subprocess.run(["umount", small], check=True)
    assert caught.value.code == "IGN8013"
    assert running(tmp_path) == []


def test_no_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ignition.testbed.programs._path", lambda: str(tmp_path))
    with pytest.raises(Failure, match="qemu-system-x86_64") as caught:
        power_on(tmp_path, guest(tmp_path, "up\n"), Watch(LIMIT))
    assert caught.value.code == "IGN8001"
    assert "qemu-system-x86" in caught.value.hint


PROGRAM = """
import sys
import termios
from pathlib import Path
from ignition.testbed import accel
from ignition.testbed.power import Watch
from ignition.testbed.qemu import FromDisk, Guest
from tests.support.boot_sector import guest
accel.DEVICE = "/nonexistent"
folder = Path(sys.argv[1])
say = lambda line: print(line, flush=True)
Guest(folder, FromDisk(), [guest(folder, "up\\n")], memory_mib=64).run(Watch(60, on_line=say))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_this_program_ends(tmp_path: Path, number: signal.Signals) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert program.stdout is not None
    assert any(line == "up\n" for line in program.stdout)
    assert running(tmp_path)
    program.send_signal(number)
    program.wait(20)
    deadline = time.monotonic() + 20
    while running(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running(tmp_path) == []
    program.stdout.close()


def test_the_probe_of_kvm_starts_its_boot_sector() -> None:
    with_tcg = accel._sector_boots(("-accel", "tcg"))
    assert with_tcg


INTERACTIVE = PROGRAM.replace("memory_mib=64)", "memory_mib=64, interactive=True)")


def test_a_console_on_the_terminal_until_ctrl_a_x(tmp_path: Path) -> None:
    near, far = pty.openpty()
    before = termios.tcgetattr(far)
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            INTERACTIVE.replace("Watch(60", "Watch(60, interactive=True"),
            tmp_path,
        ],
        stdin=far,
        stdout=far,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    shown = b""
    while b"up" not in shown:
        shown += os.read(near, 1000)
    os.write(near, b"\x01x")
    assert program.wait(20) == 0
    assert running(tmp_path) == []
    assert "up" in (tmp_path / "console.log").read_text()
    assert termios.tcgetattr(far) == before
    os.close(near)
    os.close(far)
