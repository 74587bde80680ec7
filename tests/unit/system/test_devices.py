# SPDX-License-Identifier: Apache-2.0
"""Device names. tests/machine/disks has the tests that need real devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.origin import Origin
from ignition.base.settings import Settings
from ignition.system import devices


@pytest.mark.parametrize(
    "node, number, partition",
    [
        ("/dev/sda", 1, "/dev/sda1"),
        ("/dev/sda", 12, "/dev/sda12"),
        ("/dev/vdb", 2, "/dev/vdb2"),
        ("/dev/nvme0n1", 1, "/dev/nvme0n1p1"),
        ("/dev/mmcblk0", 2, "/dev/mmcblk0p2"),
        ("/dev/loop0", 1, "/dev/loop0p1"),
        ("/dev/md127", 3, "/dev/md127p3"),
    ],
)
def test_kernel_partition_node(node: str, number: int, partition: str) -> None:
    assert devices.kernel_partition_node(node, number) == partition


@pytest.mark.parametrize(
    "label, link",
    [("ROOT", "ROOT"), ("a b", "a\\x20b"), ("a/b", "a\\x2fb"), ("ü", "ü"), ("x\\y", "x\\x5cy")],
)
def test_encode_udev_name(label: str, link: str) -> None:
    assert devices.encode_udev_name(label) == link


def test_alias_path_is_normalised() -> None:
    path = devices.alias_path(Settings(), "/dev//disk/by-id/../by-id/x")
    assert path == "/run/ignition/dev_aliases/dev/disk/by-id/x"


@pytest.mark.parametrize("there", ["/dev/null", "/dev"])
def test_path_of_another_kind_is_not_reported_as_missing(there: str) -> None:
    settings = Settings()
    settings.wait_device = 1
    messages: list[str] = []
    log = Log(lambda level, text: None)
    with pytest.raises(Failure, match="exists, but was not a block device") as failed:
        devices.wait_for_devices(log, settings, [(there, Origin("x"))], messages.append)
    assert failed.value.code == "IGN2001"
    assert f"waiting for {there} to be a block device" in messages[0]


@pytest.mark.parametrize("what", ["a device that has gone", "a file in the place of the folder"])
def test_alias_that_cannot_be_created_is_a_failure(tmp_path: Path, what: str) -> None:
    settings = Settings()
    settings.dev_aliases_dir = str(tmp_path / "aliases")
    device = "/dev/null"
    if what == "a device that has gone":
        device = "/dev/gone"
    else:
        (tmp_path / "aliases").write_text("")
    with pytest.raises(Failure) as failed:
        devices.make_alias(Log(lambda level, text: None), settings, device)
    assert failed.value.code == "IGN2117"


@pytest.mark.parametrize(("failures", "passes"), [(0, True), (2, True), (9, False)])
def test_a_partition_that_is_gone_while_the_table_is_read_again(
    failures: int, passes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    udevadm = tmp_path / "udevadm"
    udevadm.write_text(
        f"#!/bin/sh\necho >>{tmp_path}/calls\n"
        f'[ "$(wc -l <{tmp_path}/calls)" -gt {failures} ] || {{ echo "No such device" >&2; exit 1; }}\n'
    )
    udevadm.chmod(0o755)
    settings = Settings()
    settings.programs = {"udevadm": str(udevadm)}
    monkeypatch.setattr(devices, "_UDEV_RUNS", str(tmp_path))
    log = Log(lambda level, text: None)
    if passes:
        devices.trigger_udev(log, settings, ["/dev/vdb1"])
        assert (tmp_path / "calls").read_text().count("\n") == failures + 1
    else:
        with pytest.raises(Failure, match="No such device"):
            devices.trigger_udev(log, settings, ["/dev/vdb1"])
