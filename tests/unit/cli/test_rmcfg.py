# SPDX-License-Identifier: Apache-2.0
"""`ignition-rmcfg`: arguments, exit statuses, and that the config is deleted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ignition.base.settings import Settings
from ignition.cli import rmcfg
from tests.support import peer
from tests.support.vmware import Hypervisor
from tests.unit.cli.command import run

CASES = [
    ([], 2, "'--platform' must be provided"),
    (["--platform="], 2, "'--platform' must be provided"),
    (["--platform"], 2, "flag needs an argument: --platform"),
    (["--platform=qemu", "x"], 2, "Usage"),
    (["x", "--platform=qemu"], 2, "Usage"),
    (["--platform=qemu", ""], 2, "Usage"),
    (["--platform=qemu", "--", "x"], 2, "Usage"),
    (["-platform", "qemu"], 2, "unknown shorthand flag: 'p' in -platform"),
    (["--plat=qemu"], 2, "unknown flag: --plat"),
    (["--stage=files"], 2, "unknown flag: --stage"),
    (["---x"], 2, "bad flag syntax: ---x"),
    (["--=x"], 2, "bad flag syntax: --=x"),
    (
        ["--version=maybe"],
        2,
        'invalid argument "maybe" for "--version" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ),
    (["--version"], 0, "Ignition "),
    (["x", "--version=t"], 0, "Ignition "),
    (["--log-to-stdout", "--platform=qemu"], 1, "INFO     : Ignition "),
    (["--log-to-stdout", "--platform=qemu", "--"], 1, "INFO     : Ignition "),
    (["--platform=aws", "--platform", "qemu", "--log-to-stdout=1"], 1, "INFO     : Ignition "),
]


@pytest.mark.parametrize(("args", "status", "text"), CASES, ids=lambda each: str(each))
def test_arguments(args: list[str], status: int, text: str) -> None:
    done = run("ignition-rmcfg", *args)
    assert done.returncode == status
    assert (done.stdout + done.stderr).startswith(text)


@pytest.mark.skipif(not peer.engine(), reason="IGNITION_PEER names no engine of Ignition")
@pytest.mark.parametrize(("args", "status", "text"), CASES, ids=lambda each: str(each))
def test_ignition_behaves_alike(args: list[str], status: int, text: str, tmp_path: Path) -> None:
    program = tmp_path / "ignition-rmcfg"
    program.symlink_to(Path(peer.engine()).resolve())
    done = subprocess.run([program, *args], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert (done.stdout + done.stderr).startswith(text)


def test_help() -> None:
    done = run("ignition-rmcfg", "--help")
    assert (done.returncode, done.stderr.split()) == (0, rmcfg.USAGE.split())


def test_unknown_platform_lists_known_ones() -> None:
    done = run("ignition-rmcfg", "--platform=qemo")
    assert done.returncode == 2
    assert done.stderr.startswith("qemo is not a valid platform\n  use one of ")
    assert "virtualbox, vmware" in done.stderr


def test_platform_without_deletion() -> None:
    done = run("ignition-rmcfg", "--log-to-stdout", "--platform=pxe")
    assert done.returncode == 1
    assert "CRITICAL : couldn't delete config: cannot delete config on this platform" in done.stdout
    assert "metal has no way to do that" in done.stdout


def test_machine_is_not_a_guest_of_the_platform() -> None:
    done = run("ignition-rmcfg", "--log-to-stdout", "--platform=virtualbox")
    assert done.returncode == 1
    assert "couldn't delete config: /dev/vboxguest cannot be opened" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.fixture
def vmware(tmp_path: Path) -> Settings:
    """Settings of a machine whose DMI data says VMware."""
    settings = Settings()
    settings.platform = "vmware"
    settings.log_to_stdout = True
    settings.dmi_dir = str(tmp_path)
    (tmp_path / "sys_vendor").write_text("VMware, Inc.\n")
    return settings


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="code for x86-64")
def test_delete(vmware: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    host = Hypervisor({"ignition.config.data": b"secret"})
    assert host.run(lambda: bytes([rmcfg.run(vmware)])) == b"\0"
    assert host.variables["ignition.config.data"] == b"e30K"
    out = capfd.readouterr().out
    assert "INFO     : Successfully deleted config\n" in out
    assert "secret" not in out


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="code for x86-64")
def test_hypervisor_denies_deletion(vmware: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    host = Hypervisor({"ignition.config.data": b"x"}, read_only=("ignition.config.data",))
    assert host.run(lambda: bytes([rmcfg.run(vmware)])) == b"\0"
    out = capfd.readouterr().out
    assert "WARNING  : the config was not deleted" in out
    assert "Successfully" not in out


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="code for x86-64")
def test_failed_deletion(vmware: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    host = Hypervisor({"ovfenv": b"no XML"})
    assert host.run(lambda: bytes([rmcfg.run(vmware)])) == b"\1"
    assert "CRITICAL : couldn't delete config: the OVF environment" in capfd.readouterr().out
