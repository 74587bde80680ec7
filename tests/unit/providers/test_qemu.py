# SPDX-License-Identifier: Apache-2.0
"""fw_cfg as a tree of plain files; tests/boot uses the real one."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.providers import qemu

Machine = Any
ITEM = "fw_cfg/by_name/opt/com.coreos/config"
FLATCAR = "fw_cfg/by_name/opt/org.flatcar-linux/config"


def item(machine: Machine, data: bytes, *, size: str | None = None, name: str = ITEM) -> None:
    machine.write(f"{name}/raw", data)
    machine.write(f"{name}/size", (f"{len(data)}\n" if size is None else size).encode())


def code_of(machine: Machine) -> str:
    with pytest.raises(Failure) as caught:
        qemu.fetch(machine.context())
    return caught.value.code


def test_item_is_read_completely(machine: Machine) -> None:
    item(machine, b"x" * 100_000)
    assert qemu.fetch(machine.context(offline=True)) == b"x" * 100_000


def test_no_item_is_no_config(machine: Machine) -> None:
    (machine.folder / "fw_cfg").mkdir()
    assert qemu.fetch(machine.context()) == b""


def test_empty_item_is_no_config(machine: Machine) -> None:
    item(machine, b"")
    assert qemu.fetch(machine.context()) == b""


def test_flatcar_item_is_the_fallback(machine: Machine) -> None:
    item(machine, b"theirs", name=FLATCAR)
    assert qemu.fetch(machine.context()) == b"theirs"
    item(machine, b"original")
    assert qemu.fetch(machine.context()) == b"original"


@pytest.mark.parametrize(
    ("size", "code"),
    [("9\n", "IGN5204"), ("11\n", "IGN5204"), ("ten\n", "IGN5202"), ("9" * 20, "IGN4008")],
)
def test_wrong_size_is_an_error(machine: Machine, size: str, code: str) -> None:
    item(machine, b"0123456789", size=size)
    assert code_of(machine) == code


def test_unreadable_item(machine: Machine) -> None:
    machine.write(f"{ITEM}/size", b"1\n")
    assert code_of(machine) == "IGN5203"


def test_module_is_loaded_only_if_missing(machine: Machine) -> None:
    machine.program(
        "modprobe", f'echo "$@" > {machine.folder}/loaded; mkdir {machine.folder}/fw_cfg'
    )
    assert qemu.fetch(machine.context()) == b""
    loaded: Path = machine.folder / "loaded"
    assert loaded.read_text() == "qemu_fw_cfg\n"
    loaded.unlink()
    qemu.fetch(machine.context())
    assert not loaded.exists()


def test_module_that_cannot_be_loaded(machine: Machine) -> None:
    machine.program("modprobe", "echo 'FATAL: Module qemu_fw_cfg not found' >&2; exit 1")
    with pytest.raises(Failure) as caught:
        qemu.fetch(machine.context())
    assert caught.value.code == "IGN5201"
    assert "FATAL: Module qemu_fw_cfg not found" in caught.value.hint


def test_slow_firmware_is_announced(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    item(machine, b"x" * 10)
    read = os.read

    def page_by_page(descriptor: int, size: int) -> bytes:
        machine.now += 6
        return read(descriptor, 1)

    monkeypatch.setattr(os, "read", page_by_page)
    assert qemu.fetch(machine.context()) == b"x" * 10
    assert sum("slow" in line for line in machine.lines) == 1
    assert machine.progress[0] == "read 2 of 10 bytes of the config from QEMU"


def test_disk_without_fw_cfg(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "ARCHITECTURES_WITHOUT_FW_CFG", (os.uname().machine,))
    monkeypatch.setattr(qemu, "VIRTIO_BLK", str(machine.folder))
    monkeypatch.setattr(qemu, "DISK", str(machine.folder / "disk"))
    assert code_of(machine) == "IGN5206"
    assert machine.now == 300
    machine.write("disk", b"{}" + bytes(510))
    assert qemu.fetch(machine.context()) == b"{}"
    machine.write("disk", bytes(512))
    assert qemu.fetch(machine.context()) == b""


def test_wait_for_the_disk_is_announced(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "ARCHITECTURES_WITHOUT_FW_CFG", (os.uname().machine,))
    monkeypatch.setattr(qemu, "VIRTIO_BLK", str(machine.folder))
    monkeypatch.setattr(qemu, "DISK", str(machine.folder / "disk"))
    monkeypatch.setattr("ignition.resource.watch.ANNOUNCE_INTERVAL", 0.01)
    ctx = machine.context()

    def until_said(_: float) -> None:
        time.sleep(0.01)
        if machine.progress:
            machine.write("disk", b"{}")

    ctx.sleep = until_said
    assert qemu.fetch(ctx) == b"{}"
    assert machine.progress[0] == f"waiting 0 s for the disk {qemu.DISK}: there is none"
