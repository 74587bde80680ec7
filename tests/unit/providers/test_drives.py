# SPDX-License-Identifier: Apache-2.0
"""Platforms with the config on a labelled drive, with a fake `mount` that copies.

tests/machine/drives uses real drives.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from ignition.acquisition import platforms
from ignition.base.errors import Failure
from ignition.providers import configdrive, first_source, nocloud
from tests.unit.providers import clouds

Machine = Any
CONFIG = b'{"ignition": {"version": "3.4.0"}}'
CLOUD_CONFIG = b"#cloud-config\nhostname: a\n"
USER_DATA = "/openstack/latest/user_data"
PLACES = [
    ("ibmcloud", "cidata", "/user-data"),
    ("kubevirt", "cidata", "/user-data"),
    ("kubevirt", "config-2", USER_DATA),
    ("nocloud", "cidata", "/user-data"),
    ("nocloud", "CIDATA", "/user-data"),
    ("nutanix", "config-2", USER_DATA),
    ("powervs", "config-2", USER_DATA),
    ("proxmoxve", "cidata", "/user-data"),
    ("proxmoxve", "cidata", "/vendor-data"),
]
MUST_COME = [place for place in PLACES if place[0] in ("nocloud", "nutanix", "powervs")]
MAY_COME = [("ibmcloud", "cidata"), ("proxmoxve", "cidata")]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_source, "GRACE_PERIOD", 0.5)
    monkeypatch.setattr(first_source, "POLL_INTERVAL", 0.05)


def fetch(platform: str, machine: Machine, at: float = 0, happens: Any = None) -> bytes:
    """Calls the provider. After `at` seconds of the machine's clock something happens."""
    ctx = clouds.context(platform, machine)
    ctx.offline = True
    sleep: Callable[[float], None] = ctx.sleep

    def sleep_until_it_happens(seconds: float) -> None:
        nonlocal happens
        sleep(seconds)
        if happens and machine.now >= at:
            happens()
            happens = None

    ctx.sleep = sleep_until_it_happens
    data: bytes = platforms.provider(platform).fetch(ctx)
    return data


def refusal(platform: str, machine: Machine) -> Failure:
    with pytest.raises(Failure) as caught:
        fetch(platform, machine)
    return caught.value


@pytest.mark.parametrize(("platform", "label", "path"), PLACES)
def test_config_is_read_without_network(
    platform: str, label: str, path: str, machine: Machine
) -> None:
    machine.attach(label, {path: CONFIG, "/meta-data": b"instance-id: 1"})
    assert fetch(platform, machine) == CONFIG
    assert not list((machine.folder / "run").iterdir()), "no mount point is left"


@pytest.mark.parametrize("files", [{}, {"/user-data": b"", USER_DATA: b""}], ids=["none", "empty"])
@pytest.mark.parametrize(("platform", "label"), sorted({place[:2] for place in PLACES}))
def test_no_user_data_is_no_config(
    platform: str, label: str, files: dict[str, bytes], machine: Machine
) -> None:
    machine.attach(label, files)
    assert fetch(platform, machine) == b""
    assert machine.now == 0, "nobody waits for a file on a drive that is there"


def test_missing_file_is_logged_with_the_files_there(machine: Machine) -> None:
    machine.attach("cidata", {"/user_dat": CONFIG, "/meta-dat": b""})
    assert fetch("nocloud", machine) == b""
    assert "no /user-data on the drive, which has meta-dat, user_dat" in machine.lines


@pytest.mark.parametrize(("platform", "label", "path"), MUST_COME)
def test_drive_may_come_late(platform: str, label: str, path: str, machine: Machine) -> None:
    assert fetch(platform, machine, 700, lambda: machine.attach(label, {path: CONFIG})) == CONFIG
    assert machine.now == 700


@pytest.mark.parametrize(("platform", "label", "path"), MUST_COME)
def test_kernel_argument_limits_the_wait_for_the_drive(
    platform: str, label: str, path: str, machine: Machine
) -> None:
    machine.settings.wait_fetch = 5
    machine.attach(label.capitalize(), {path: CONFIG})
    failure = refusal(platform, machine)
    assert failure.code == "IGN5540"
    assert machine.now == 5
    assert failure.hint == f"existing labels: {label.capitalize()}"


@pytest.mark.parametrize(("platform", "label"), MAY_COME)
def test_optional_drive_is_waited_for_30_seconds(
    platform: str, label: str, machine: Machine
) -> None:
    late = {"/user-data": CONFIG}
    assert fetch(platform, machine, 29, lambda: machine.attach(label, late)) == CONFIG
    assert machine.now == 29, "it is read at once"


@pytest.mark.parametrize(("platform", "label"), MAY_COME)
def test_no_optional_drive_is_no_config_with_a_warning(
    platform: str, label: str, machine: Machine
) -> None:
    machine.attach(label.upper(), {"/user-data": CONFIG})
    assert fetch(platform, machine) == b""
    assert machine.now == 30
    told = f"going on without a config after 30 s: no drive labelled {label}"
    assert machine.progress == [told]
    assert machine.lines[-1] == f"{told}; existing labels: {label.upper()}"


@pytest.mark.parametrize(("platform", "label", "path"), MUST_COME)
def test_drive_that_cannot_be_mounted_is_an_error(
    platform: str, label: str, path: str, machine: Machine
) -> None:
    machine.attach(label, {path: CONFIG})
    machine.program("mount", "echo bad superblock >&2; exit 32")
    failure = refusal(platform, machine)
    assert (failure.code, failure.hint) == ("IGN5541", "bad superblock")
    assert not list((machine.folder / "run").iterdir())


@pytest.mark.parametrize(("platform", "label"), MAY_COME)
def test_unmountable_drive_is_retried(platform: str, label: str, machine: Machine) -> None:
    machine.attach(label, {"/user-data": CONFIG})
    works = machine.settings.programs["mount"]
    machine.settings.programs["mount"] = "false"

    def mend() -> None:
        machine.settings.programs["mount"] = works

    assert fetch(platform, machine, 20, mend) == CONFIG
    assert machine.now == 20


@pytest.mark.parametrize("platform", ["ibmcloud", "kubevirt", "proxmoxve"])
def test_broken_optional_drive_is_no_config_with_a_warning(platform: str, machine: Machine) -> None:
    for label in ("cidata", "config-2"):
        machine.attach(label, {"/user-data": CONFIG, USER_DATA: CONFIG})
    machine.program("mount", "echo bad superblock >&2; exit 32")
    assert fetch(platform, machine) == b""
    assert "going on without a config" in machine.progress[0]
    assert "cidata cannot be mounted (bad superblock)" in machine.progress[0]


def test_kubevirt_empty_drive_leaves_time_for_the_other(machine: Machine) -> None:
    machine.attach("cidata", {})
    machine.attach("config-2", {USER_DATA: CONFIG})
    assert fetch("kubevirt", machine) == CONFIG


def test_kubevirt_wait_is_announced(machine: Machine) -> None:
    machine.settings.wait_fetch = 1
    failure = refusal("kubevirt", machine)
    assert failure.code == "IGN5510"
    assert failure.text == "no config within 1 s from a drive labelled cidata or config-2"


@pytest.mark.parametrize(
    ("user", "vendor", "config"),
    [
        (CONFIG, b"vendor", CONFIG),
        (CLOUD_CONFIG, CONFIG, CONFIG),
        (b"", CONFIG, CONFIG),
        (None, CONFIG, CONFIG),
        (CLOUD_CONFIG, CLOUD_CONFIG, b""),
        (CLOUD_CONFIG, None, b""),
        (b"#cloud-config\r\n", CONFIG, b"#cloud-config\r\n"),
        (b"#cloud-config", CONFIG, b"#cloud-config"),
    ],
)
def test_proxmox_skips_cloud_init_data(
    user: bytes | None, vendor: bytes | None, config: bytes, machine: Machine
) -> None:
    given = {"/user-data": user, "/vendor-data": vendor}
    machine.attach("cidata", {path: data for path, data in given.items() if data is not None})
    assert fetch("proxmoxve", machine) == config


def test_proxmox_skips_unreadable_files(machine: Machine) -> None:
    machine.attach("cidata", {"/user-data/folder": b"", "/vendor-data": CONFIG})
    assert fetch("proxmoxve", machine) == CONFIG
    assert "skipping /user-data: cannot read /user-data: Is a directory" in machine.lines


@pytest.mark.parametrize("beginning", nocloud.FOREIGN)
def test_nocloud_recognizes_cloud_init_data(beginning: bytes, machine: Machine) -> None:
    machine.attach("cidata", {"/user-data": b"\n" + beginning + b"\nsecret: hush\n"})
    failure = refusal("nocloud", machine)
    assert failure.code == "IGN5542"
    assert nocloud.FOREIGN[beginning] in failure.text
    assert "proxmoxve" in failure.hint
    assert "hush" not in f"{failure.text}{failure.hint}{machine.lines}"


def test_missing_file_on_an_unreadable_drive(machine: Machine) -> None:
    reader = configdrive.file_reader("/user-data")
    assert reader(machine.context(), str(machine.folder / "none")) == b""


def test_fifo_on_a_drive_is_an_error_and_does_not_block(machine: Machine) -> None:
    machine.attach("config-2", {})
    pipe = machine.folder / f"drives/config-2{USER_DATA}"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    failure = refusal("nutanix", machine)
    assert (failure.code, failure.text) == ("IGN7101", f"{USER_DATA} is not a regular file")
