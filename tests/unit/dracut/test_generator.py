# SPDX-License-Identifier: Apache-2.0
"""The generator reads the kernel command line as systemd does, and systemd reads back what it writes."""

from __future__ import annotations

import os
import shutil
import string
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

GENERATOR = Path(__file__).parents[3] / "dracut-module/30ignition/ignition-generator"
FIRST_BOOT = {
    "initrd.target.requires/ignition-complete.target",
    "ignition-complete.target.requires/ignition-diskful.target",
}
LATER_BOOT = {
    "initrd.target.requires/ignition-subsequent.target",
    "ignition-subsequent.target.requires/ignition-diskful-subsequent.target",
}


def generate(folder: Path, cmdline: str, path: str | None = None) -> tuple[set[str], Path]:
    """Runs the generator; returns its links, relative to the unit folder, and the environment file."""
    (folder / "cmdline").write_bytes(cmdline.encode())
    units, env = folder / "units", folder / "ignition.env"
    shutil.rmtree(units, ignore_errors=True)
    subprocess.run(
        [GENERATOR, units],
        check=True,
        cwd=folder,
        env={
            "PATH": path or os.environ["PATH"],
            "IGNITION_KERNEL_CMDLINE_PATH": str(folder / "cmdline"),
            "IGNITION_ENV_FILE": str(env),
        },
    )
    links = {str(link.relative_to(units)) for link in units.rglob("*") if link.is_symlink()}
    return links, env


@pytest.mark.parametrize(
    ("cmdline", "first"),
    [
        ("", False),
        ("quiet ignition.firstboot", True),
        ("ignition.firstboot=1", True),
        ("ignition.firstboot=detected", True),
        ("ignition.firstboot=", False),
        ("ignition.firstboot=0", False),
        ("ignition.firstboot=no", False),
        ("ignition.firstboot=off", False),
        ("ignition.firstboot=No", True),
        ("'ignition.firstboot'", True),
        ('ignition.firstboot="off"', False),
        ('"ignition.firstboot=0"', False),
        ("ignition.firstboot=''", False),
        ("ignition.firstboot=0 ignition.firstboot", True),
        ("ignition.firstboot ignition.firstboot=0", False),
        ("xignition.firstboot ignition.firstbootx=1", False),
        ("a='ignition.firstboot", False),
        ("a=' ignition.firstboot '", False),
        ("\tignition.firstboot\n", True),
        ("init=/bin/sh\tignition.firstboot=1\\", True),
    ],
)
def test_first_boot_flag(tmp_path: Path, cmdline: str, first: bool) -> None:
    links, _ = generate(tmp_path, cmdline)
    assert links == (FIRST_BOOT if first else LATER_BOOT)


@pytest.mark.parametrize(("status", "live"), [(0, True), (1, False)])
def test_a_live_image_is_diskless(tmp_path: Path, status: int, live: bool) -> None:
    hook = tmp_path / "is-live-image"
    hook.write_text(f"#!/bin/sh\nexit {status}\n")
    hook.chmod(0o755)
    links, _ = generate(tmp_path, "ignition.firstboot", f"{tmp_path}:{os.environ['PATH']}")
    assert ("ignition-complete.target.requires/ignition-diskful.target" in links) != live


def test_links_lead_to_the_units_beside_the_folder(tmp_path: Path) -> None:
    generate(tmp_path, "ignition.firstboot")
    link = tmp_path / "units/initrd.target.requires/ignition-complete.target"
    assert os.readlink(link) == "../ignition-complete.target"


@pytest.mark.parametrize(
    ("cmdline", "text"),
    [
        ("", "PLATFORM_ID=\n"),
        ("ignition.platform.id=qemu", "PLATFORM_ID=qemu\n"),
        ("ignition.platform.id=qemu ignition.platform.id=metal", "PLATFORM_ID=metal\n"),
        ("ignition.platform.id=qemu ignition.platform.id", "PLATFORM_ID=\n"),
        ("ignition.platform.id='a b'", 'PLATFORM_ID="a b"\n'),
        ("ignition.platform.id=* *", 'PLATFORM_ID="*"\n'),
        ("ignition.console=ttyS1", "PLATFORM_ID=\nIGNITION_CONSOLE=/dev/ttyS1\n"),
        ("ignition.console=/dev/tty2", "PLATFORM_ID=\nIGNITION_CONSOLE=/dev/tty2\n"),
        ("ignition.console=off", "PLATFORM_ID=\nIGNITION_CONSOLE=\n"),
        ("ignition.console=1", "PLATFORM_ID=\nIGNITION_CONSOLE=/dev/console\n"),
        ("ignition.wait.network=5", "PLATFORM_ID=\nIGNITION_NETWORK_WAIT=5\n"),
    ],
)
def test_environment_of_the_units(tmp_path: Path, cmdline: str, text: str) -> None:
    _, env = generate(tmp_path, cmdline)
    assert env.read_text() == text


def test_patterns_are_not_expanded_to_file_names(tmp_path: Path) -> None:
    (tmp_path / "ignition.firstboot").touch()
    links, _ = generate(tmp_path, "ignition.first* ignition.firstboo?")
    assert links == LATER_BOOT


PRINTABLE = string.ascii_letters + string.digits + string.punctuation.replace("'", "") + " "


@settings(max_examples=20, deadline=None)
@given(value=st.text(PRINTABLE, max_size=12))
def test_a_shell_reads_the_platform_id_back(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    _, env = generate(tmp_path_factory.mktemp("env"), f"ignition.platform.id='{value}'")
    read = subprocess.run(
        ["sh", "-c", f'. {env}; printf %s "$PLATFORM_ID"'],
        check=True,
        capture_output=True,
        text=True,
    )
    assert read.stdout == value


# Without backslashes, which are escapes for systemd 252 but not for the kernel.
WORDS = st.text("a0'\" \t=*$", max_size=8)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
@settings(max_examples=30, deadline=None)
@given(before=WORDS, inside=st.text("a=*$", max_size=3), after=WORDS)
def test_words_are_split_as_systemd_splits_them(
    tmp_path_factory: pytest.TempPathFactory, before: str, inside: str, after: str
) -> None:
    cmdline = f"{before} ignition.firstboot=0 'ignition.platform.id=x{inside}' {after}"
    _, env = generate(tmp_path_factory.mktemp("words"), cmdline)
    found = env.read_text() != "PLATFORM_ID=\n"
    verdict = subprocess.run(
        [
            "systemd-analyze",
            "condition",
            f"ConditionKernelCommandLine=ignition.platform.id=x{inside}",
        ],
        env={"SYSTEMD_PROC_CMDLINE": cmdline},
        capture_output=True,
    )
    assert found == (verdict.returncode == 0)
