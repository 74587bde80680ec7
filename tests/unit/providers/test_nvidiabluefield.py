# SPDX-License-Identifier: Apache-2.0
"""The boot FIFO of BlueField, with a plain file in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.providers import nvidiabluefield
from ignition.testbed.httpserver import HttpServer
from tests.unit.providers.clouds import run

Machine = Any


@pytest.fixture(autouse=True)
def bootfifo(machine: Machine) -> None:
    machine.settings.bootfifo = str(machine.folder / "bootfifo")
    machine.program("modprobe", f'echo "$@" >> {machine.folder}/loaded')


@pytest.mark.parametrize(
    ("held", "config"),
    [(b"{}", b"{}"), (b"\0\0{ \0 }\0", b"{ \0 }"), (b"", b""), (bytes(8), b"")],
    ids=["plain", "padded", "empty", "zero"],
)
def test_surrounding_nul_bytes_are_stripped(held: bytes, config: bytes, machine: Machine) -> None:
    machine.write("bootfifo", held)
    assert nvidiabluefield.fetch(machine.context(offline=True)) == config
    assert not (machine.folder / "loaded").exists()


def test_no_fifo_is_no_config(machine: Machine) -> None:
    assert nvidiabluefield.fetch(machine.context()) == b""
    assert (machine.folder / "loaded").read_text() == "mlxbf_bootctl\n"
    assert f"no config: there is no {machine.folder}/bootfifo" in machine.lines


def test_loading_the_module_creates_the_fifo(machine: Machine) -> None:
    machine.program("modprobe", f"echo hello > {machine.folder}/bootfifo")
    assert nvidiabluefield.fetch(machine.context()) == b"hello\n"


def test_module_that_cannot_be_loaded(machine: Machine) -> None:
    machine.program("modprobe", "exit 1")
    with pytest.raises(Failure) as caught:
        nvidiabluefield.fetch(machine.context())
    assert caught.value.code == "IGN5660"


def test_unreadable_fifo(machine: Machine) -> None:
    (machine.folder / "bootfifo").mkdir()
    with pytest.raises(Failure) as caught:
        nvidiabluefield.fetch(machine.context())
    assert caught.value.code == "IGN5661"


def test_fifo_is_read_once_for_both_phases(machine: Machine) -> None:
    with HttpServer({"/c": b'{"ignition": {"version": "3.4.0"}}'}) as server:
        merge = [{"source": server.url("/c")}]
        config = {"ignition": {"version": "3.4.0", "config": {"merge": merge}}}
        machine.write("bootfifo", json.dumps(config).encode())
        assert run(machine, "fetch-offline", platform="nvidiabluefield") == 0
        (machine.folder / "bootfifo").write_bytes(b"")
        assert run(machine, "fetch", platform="nvidiabluefield") == 0
        assert server.paths() == ["/c"]
