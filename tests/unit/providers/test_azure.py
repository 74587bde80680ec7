# SPDX-License-Identifier: Apache-2.0
"""The provisioning DVD of Azure, with fake `blkid`, `mount` and drive status."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.providers import ovf_drive
from ignition.testbed.httpserver import Answer
from tests.unit.providers.clouds import fake, fetch, needs_network, served

Machine = Any
CONFIG = b'{"ignition": {"version": "3.4.0"}}'
pytestmark = needs_network


@pytest.fixture
def dvd(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Attaches drives: name -> files. All are UDF; those named disk are not optical drives."""

    def put(**drives: dict[str, bytes]) -> None:
        names = [str(machine.folder / "drives" / name) for name in drives]
        for name, files in drives.items():
            for path, data in files.items():
                machine.write(f"drives/{name}/{path}", data)
            machine.write(f"drives/{name}/there", b"")
        listing = "\\n".join(names)
        machine.program("blkid", f'[ "$6" = TYPE=udf ] && printf "{listing}\\n" || exit 2')
        machine.program("mount", 'cp -r "$5"/. "$6"')
        machine.program("umount", 'rm -rf "$1"/*')

    monkeypatch.setattr(ovf_drive, "has_disc", lambda device: "/disk" not in device)
    return put


def test_custom_data_without_user_data(machine: Machine, dvd: Any) -> None:
    dvd(
        disk={"ovf-env.xml": b"", "CustomData.bin": b"someone's disk"},
        film={"CustomData.bin": b"no mark"},
        sr0={"ovf-env.xml": b"<x/>", "CustomData.bin": CONFIG},
    )
    with served("azure", fake("azure", None), machine):
        assert fetch("azure", machine) == CONFIG


def test_user_data_wins(machine: Machine, dvd: Any) -> None:
    dvd(sr0={"ovf-env.xml": b"", "CustomData.bin": b"custom"})
    with served("azure", fake("azure", CONFIG), machine):
        assert fetch("azure", machine) == CONFIG


def test_neither_user_data_nor_custom_data(machine: Machine, dvd: Any) -> None:
    dvd(sr0={"ovf-env.xml": b""})
    with served("azure", fake("azure", None), machine):
        assert fetch("azure", machine) == b""


def test_dvd_is_retried_after_a_failure(machine: Machine, dvd: Any) -> None:
    dvd(sr0={"ovf-env.xml": b"", "CustomData.bin": CONFIG})
    tried = machine.folder / "tried"
    machine.program("mount", f'[ -e {tried} ] || {{ touch {tried}; exit 32; }}; cp -r "$5"/. "$6"')
    with served("azure", fake("azure", None), machine):
        assert fetch("azure", machine) == CONFIG
    assert any("it is tried again" in line for line in machine.lines)


def test_kernel_argument_limits_the_wait_for_the_dvd(machine: Machine) -> None:
    machine.settings.wait_fetch = 4
    machine.program("blkid", "exit 2")
    with served("azure", fake("azure", None), machine), pytest.raises(Failure) as caught:
        fetch("azure", machine)
    assert caught.value.code == "IGN5530"
    assert machine.now == pytest.approx(4)


def test_dvd_is_used_if_the_service_does_not_answer(machine: Machine, dvd: Any) -> None:
    dvd(sr0={"ovf-env.xml": b"", "CustomData.bin": CONFIG})
    service = fake("azure", b"{}")
    with served("azure", service, machine) as server:
        server.answer(service.path, Answer(410))
        assert fetch("azure", machine) == CONFIG
    machine.program("blkid", "exit 2")
    with served("azure", service, machine) as server, pytest.raises(Failure) as caught:
        server.answer(service.path, Answer(410))
        fetch("azure", machine)
    assert caught.value.code == "IGN4006"


def test_incomplete_user_data_is_not_ignored(machine: Machine, dvd: Any) -> None:
    dvd(sr0={"ovf-env.xml": b"", "CustomData.bin": CONFIG})
    service = fake("azure", b"{}")
    with served("azure", service, machine) as server, pytest.raises(Failure) as caught:
        server.answer(service.path, Answer(body=b"e30K", cut=2))
        fetch("azure", machine)
    assert caught.value.code == "IGN4007"


@pytest.mark.parametrize("filesystem", ["udf", "iso9660"])
def test_azure_stack_only_has_the_dvd(filesystem: str, machine: Machine, dvd: Any) -> None:
    dvd(sr0={"ovf-env.xml": b"", "CustomData.bin": CONFIG})
    listing = machine.folder / "drives/sr0"
    machine.program("blkid", f'[ "$6" = TYPE={filesystem} ] && echo {listing} || exit 2')
    assert fetch("azurestack", machine) == CONFIG


def test_file_is_not_a_drive(machine: Machine) -> None:
    machine.write("plain", b"")
    assert not ovf_drive.has_disc(str(machine.folder / "plain"))
    assert not ovf_drive.has_disc(str(machine.folder / "none"))
