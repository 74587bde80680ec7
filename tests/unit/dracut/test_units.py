# SPDX-License-Identifier: Apache-2.0
"""systemd accepts the units, and their dependencies are those of the phases."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from ignition.cli.compat import STAGES
from ignition.providers import WITH_DELETE

CHECKOUT = Path(__file__).parents[3]
INITRAMFS = CHECKOUT / "dracut-module/30ignition"
SYSTEM = CHECKOUT / "dracut-module/system"
UNITS = sorted(
    [*INITRAMFS.glob("*.service"), *INITRAMFS.glob("*.target"), *INITRAMFS.glob("*.path")]
)
TARGETS = [unit for unit in UNITS if unit.suffix == ".target"]
PHASES = {phase: INITRAMFS / f"ignition-{phase}.service" for phase in STAGES if phase != "umount"}


def settings(unit: Path) -> dict[str, list[str]]:
    """Setting -> its values in order; lists of units are split."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[name] += value.split() if name in ("After", "Before", "Conflicts") else [value]
    return found


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    units = tmp_path / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    ours = [*UNITS, *SYSTEM.glob("*.service")]
    for unit in ours:
        shutil.copy(unit, units)
    for program in ("usr/bin/ignition", "usr/bin/mount", "usr/libexec/ignition-failure"):
        _program(tmp_path / program)
    for name in ("network", "remount-sysroot", "rmcfg", "firstboot-complete"):
        _program(tmp_path / f"usr/libexec/ignition-{name}")
    (tmp_path / "bin").symlink_to("usr/bin")
    done = subprocess.run(
        ["systemd-analyze", "verify", f"--root={tmp_path}", "--recursive-errors=no", "--man=no"]
        + [unit.name for unit in ours],
        capture_output=True,
        text=True,
    )
    about_ours = [line for line in done.stderr.splitlines() if "ignition" in line]
    assert about_ours == []
    assert done.returncode == 0, done.stderr


def _program(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


def test_units_of_the_real_root_are_enabled_by_preset() -> None:
    units = sorted(SYSTEM.glob("*.service"))
    preset = (SYSTEM / "80-ignition-firstboot.preset").read_text().splitlines()
    assert preset == [f"enable {unit.name}" for unit in units]
    assert all(settings(unit)["WantedBy"] for unit in units)


def test_the_config_is_deleted_at_first_boots_where_the_provider_can() -> None:
    found = settings(SYSTEM / "ignition-delete-config.service")
    able = WITH_DELETE
    arguments = [f"|ignition.platform.id={name}" for name in able]
    assert found["ConditionKernelCommandLine"] == arguments
    assert found["ConditionFirstBoot"] == ["true"]
    assert found["WantedBy"] == found["Before"] == ["sysinit.target"]


def test_the_config_is_not_deleted_without_an_interpreter() -> None:
    interpreter = (SYSTEM / "ignition.py").read_text().removeprefix("#!").split()[0]
    found = settings(SYSTEM / "ignition-delete-config.service")
    assert found["ConditionFileIsExecutable"] == [interpreter]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.name))
def test_nothing_runs_outside_an_initramfs_or_by_default(unit: Path) -> None:
    found = settings(unit)
    if unit.suffix != ".path":
        assert "/etc/initrd-release" in found["ConditionPathExists"]
    if unit.suffix != ".target":
        assert found["DefaultDependencies"] == ["no"]
    assert "WantedBy" not in found


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_runs_once_and_stops_the_boot_when_it_fails(phase: str) -> None:
    found = settings(PHASES[phase])
    assert found["Type"] == ["oneshot"]
    assert found["RemainAfterExit"] == ["yes"]
    assert (found["OnFailure"], found["OnFailureJobMode"]) == (["emergency.target"], ["isolate"])
    assert "ignition-complete.target" in found["Before"]
    assert found["LogRateLimitIntervalSec"] == ["0"]
    assert found["ExecStart"] == [
        f"/usr/bin/ignition --root=/sysroot --platform=${{PLATFORM_ID}} --stage={phase} $IGNITION_ARGS"
    ]


@pytest.mark.parametrize("phase", PHASES)
def test_an_idle_phase_starts_no_process(phase: str) -> None:
    mark = f"!/run/ignition/idle-{phase}"
    conditions = settings(PHASES[phase])["ConditionPathExists"]
    assert (mark in conditions) == (phase in ("kargs", "disks", "mount"))


def test_order_of_the_phases() -> None:
    order = ["fetch-offline", "fetch", "disks", "mount", "files"]
    for earlier, later in pairwise(order):
        name = f"ignition-{later}.service"
        ordered = name in settings(PHASES[earlier])["Before"]
        assert ordered or f"ignition-{earlier}.service" in settings(PHASES[later])["After"]
    kargs = settings(PHASES["kargs"])
    assert "ignition-fetch.service" in kargs["After"]
    assert "ignition-disks.service" in kargs["Before"]
    assert "sysroot.mount" in settings(PHASES["disks"])["Before"]
    assert "initrd-parse-etc.service" in settings(PHASES["files"])["Before"]


def test_the_network_is_up_from_fetch_to_umount() -> None:
    network = settings(INITRAMFS / "ignition-network.service")
    assert "/run/ignition/neednet" in network["ConditionPathExists"]
    assert "ignition-fetch-offline.service" in network["After"]
    assert "ignition-fetch.service" in network["Before"]
    assert "initrd-switch-root.target" in network["Conflicts"]
    assert "ignition-network.service" in settings(PHASES["mount"])["After"]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: str(target.name))
def test_targets_stop_before_switch_root_and_before_a_shell(target: Path) -> None:
    assert set(settings(target)["Conflicts"]) == {
        *("initrd-switch-root.target", "umount.target"),
        *("dracut-emergency.service", "emergency.service", "emergency.target"),
    }
