# SPDX-License-Identifier: Apache-2.0
"""The shell scripts around the engine: cause of a failure, name servers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
INITRAMFS = CHECKOUT / "dracut-module/30ignition"


def show_failure(folder: Path, failed: str, cause: str | None) -> tuple[str, str]:
    """Runs ignition-failure with these failed units; returns its output and the text on the console."""
    systemctl = folder / "systemctl"
    systemctl.write_text(f"#!/bin/sh\nprintf '{failed}'\n")
    systemctl.chmod(0o755)
    console = folder / "console"
    console.touch()
    (folder / "consoles").write_text(f"../{console}   -W- (EC p a)  4:64\nno/such -W- (E) 4:1\n")
    if cause is not None:
        (folder / "failure").write_text(cause)
    done = subprocess.run(
        [INITRAMFS / "ignition-failure.sh"],
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "IGNITION_FAILURE_FILE": str(folder / "failure"),
            "IGNITION_CONSOLES": str(folder / "consoles"),
        },
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout, console.read_text()


UNIT_LINE = "ignition-disks.service loaded failed failed Ignition: disks\\n"


def test_the_cause_is_shown_on_the_consoles(tmp_path: Path) -> None:
    output, console = show_failure(tmp_path, UNIT_LINE, "IGN2104: /dev/vdb is in use\n  free it\n")
    assert output == console
    assert "IGN2104: /dev/vdb is in use\n  free it\n" in console
    assert "--unit=ignition-disks.service" in console


def test_without_a_cause_the_failed_unit_is_named(tmp_path: Path) -> None:
    output, console = show_failure(tmp_path, UNIT_LINE, None)
    assert output == console
    assert "ignition-disks.service" in console
    assert "journalctl" in console


def test_an_unrelated_emergency_is_ignored(tmp_path: Path) -> None:
    assert show_failure(tmp_path, "", None) == ("", "")


@pytest.mark.parametrize(
    ("there", "restored"),
    [
        pytest.param((), False, id="no-network-asked-for"),
        pytest.param(("run/networkd/initrd/neednet",), True, id="rd.neednet"),
        pytest.param(
            ("run/networkd/initrd/neednet", "run/systemd/network/70-ip.network"), False, id="ip="
        ),
    ],
)
def test_the_default_of_dracut_for_networkd(
    tmp_path: Path, there: tuple[str, ...], restored: bool
) -> None:
    """The hook is sourced by dracut, which goes on after it."""
    name = "zzzz-dracut-default.network"
    for path in (*there, f"usr/lib/ignition-firstboot/{name}", "etc/systemd/network/other"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    script = (INITRAMFS / "zz-ignition-neednet.sh").read_text()
    for top in ("run", "usr", "etc"):
        script = re.sub(rf"(?<![\w/]){re.escape(f'/{top}/')}", f"{tmp_path}/{top}/", script)
    script = f"systemctl() {{ echo systemctl $*; }}\n{script}\necho on"
    done = subprocess.run(["sh", "-eu"], input=script, check=True, text=True, capture_output=True)
    assert done.stdout.endswith("on\n") and done.stderr == ""
    assert ("try-reload-or-restart" in done.stdout) == bool(there)
    assert (tmp_path / "etc/systemd/network" / name).exists() == restored


def name_servers(folder: Path, state: str) -> str:
    """Runs ignition-network nameservers on a state file of networkd."""
    (folder / "netif").mkdir()
    (folder / "netif/state").write_text(state)
    script = (INITRAMFS / "ignition-network.sh").read_text()
    script = script.replace("/run/systemd/netif", f"{folder}/netif").replace("/etc/", f"{folder}/")
    subprocess.run(["sh", "-s", "nameservers"], input=script, check=True, text=True)
    return (folder / "resolv.conf").read_text()


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("OPER_STATE=routable\n", ""),
        ("# private\nDNS=10.0.2.3\n", "nameserver 10.0.2.3\n"),
        ("DNS=10.0.2.3 fec0::3\n", "nameserver 10.0.2.3\nnameserver fec0::3\n"),
        (
            "DNS=1.2.3.4:53#a.b [2001:db8::1]:53 ::1#x\n",
            "nameserver 1.2.3.4\nnameserver 2001:db8::1\nnameserver ::1\n",
        ),
        (
            "DNS=1.1.1.1\nDOMAINS=a.example b.example\n",
            "nameserver 1.1.1.1\nsearch a.example b.example\n",
        ),
    ],
)
def test_name_servers_of_the_leases(tmp_path: Path, state: str, text: str) -> None:
    assert name_servers(tmp_path, state) == text


SCRIPTS = [
    path
    for path in sorted((CHECKOUT / "dracut-module").rglob("*"))
    if path.is_file() and path.read_bytes().startswith((b"#!/bin/sh", b"#!/bin/bash"))
]


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.name))
def test_shellcheck_reports_nothing(script: Path) -> None:
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
