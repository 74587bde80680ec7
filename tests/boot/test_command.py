# SPDX-License-Identifier: Apache-2.0
"""`ignition test` with machines that are a boot sector: a second each. They print a text and halt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ignition_test import CHECKOUT, describe, ignition_test

PRINT = bytes.fromhex(
    "31c0 8ed8 fc"  # xor ax, ax; mov ds, ax; cld
    "be167c baf803"  # mov si, 0x7c16 (the text); mov dx, 0x3f8 (the serial port)
    "ac 84c0 7403 ee ebf8"  # next: lodsb; test al, al; jz halt; out dx, al; jmp next
    "f4 ebfd"  # halt: hlt; jmp halt
)
KERNEL = "Linux version 6.1\r\n"
UP = f"{KERNEL}[  OK  ] Reached target multi-user.target - Multi-User System.\r\n"
CONSOLE = ("--no-reporter", "--timeout", "20")


def disk(folder: Path, text: str) -> Path:
    sector = PRINT + text.encode() + b"\0"
    assert len(sector) <= 510
    path = folder / "disk.raw"
    path.write_bytes(sector.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "web.ign"
    path.write_text('{"ignition": {"version": "3.4.0"}}')
    return path


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (UP, 0, ""),
        (f"{KERNEL}[    4.2] Kernel panic - not syncing: no init\r\n", 5, "IGN8410"),
        (f"{KERNEL}Starting ignition-disks.service\r\n", 6, "IGN8423"),
        (f"{KERNEL}You are in emergency mode. Press\r\n", 5, "IGN8416"),
        ("error: no such device: root.\r\nEntering rescue mode...\r\ngrub rescue> ", 7, "IGN8420"),
    ],
    ids=["up", "panic", "hangs", "emergency", "no-system"],
)
def test_the_console_decides(
    tmp_path: Path, config: Path, text: str, status: int, code: str
) -> None:
    image = disk(tmp_path, text)
    done = ignition_test(tmp_path, config, "--image", image, *CONSOLE)
    assert done.status == status, describe(done)
    assert done.case.get("cause", {}).get("code", "") == code
    assert image.read_bytes()[:2] == PRINT[:2], "the image is as it was"


DATA = (
    '{"ignition": {"version": "3.4.0"}, "storage": {"filesystems": ['
    '{"device": "/dev/vdb", "format": "ext4"}]}}'
)
BLANK = "disks: [{device: /dev/vdb, table: none}]\n"


def test_without_a_reporter_the_disks_decide(tmp_path: Path, config: Path) -> None:
    image = disk(tmp_path, UP)
    config.write_text(DATA)
    done = ignition_test(tmp_path, config, "--image", image, *CONSOLE)
    assert done.status == 1, describe(done)
    assert "expected ext4, found none" in done.case["cause"]["text"], "no engine ran"
    expectations = tmp_path / "blank.expect.yaml"
    expectations.write_text(BLANK)
    config.write_text('{"ignition": {"version": "3.4.0"}}')
    given = ("--disk", "64M", "--expect", expectations)
    done = ignition_test(tmp_path, config, "--image", image, *CONSOLE, *given)
    assert done.status == 0, describe(done)
    assert {check["status"] for check in done.case["checks"]} == {"passed"}
    system, data = done.case["boots"][0]["disks_after"]
    assert (system["device"], data["device"], data["size"]) == ("/dev/vda", "/dev/vdb", 64 << 20)


def guests(image: Path) -> list[str]:
    """The command lines of processes that use the image, or an overlay of a run with it."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0].endswith("qemu-system-x86_64") and any(str(image) in word for word in words):
            found.append(" ".join(words))
    return found


@pytest.fixture
def running(tmp_path: Path, config: Path) -> Iterator[subprocess.Popen[str]]:
    """Two cases: the first has ended, and a guest of the second runs."""
    image = disk(tmp_path, f"{KERNEL}Starting ignition-disks.service\r\n")
    (tmp_path / "bad.ign").write_text("{}")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "ignition", "test", str(tmp_path / "bad.ign"), str(config)),
            *("--image", str(image), "--no-reporter", "--jobs", "1", "--artefacts", "artefacts"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(CHECKOUT),
            "IGNITION_BUILD_DIR": str(tmp_path / "build"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not guests(tmp_path) and time.monotonic() < end and process.poll() is None:
        time.sleep(0.1)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_an_interruption_ends_the_guests_and_leaves_nothing(
    tmp_path: Path, running: subprocess.Popen[str], number: signal.Signals, status: int
) -> None:
    assert guests(tmp_path), "a guest runs"
    running.send_signal(number)
    text, errors = running.communicate(timeout=20)
    assert running.returncode == status, text + errors
    assert guests(tmp_path) == []
    assert list((tmp_path / "build/runs").iterdir()) == [], "no disk is left"
    assert "config refused" in text, "what was found so far is printed"
    assert "IGN8408" in text and "2 cases" in text
    assert "Traceback" not in errors


def test_a_killed_run_leaves_no_guest(tmp_path: Path, running: subprocess.Popen[str]) -> None:
    assert guests(tmp_path), "a guest runs"
    running.kill()
    running.wait()
    end = time.monotonic() + 10
    while guests(tmp_path) and time.monotonic() < end:
        time.sleep(0.1)
    assert guests(tmp_path) == []
