# SPDX-License-Identifier: Apache-2.0
"""The key-value pairs of Hyper-V, with the kernel's end played.

A pair of sockets stands in for the device: nothing else that can be had off Hyper-V keeps the bounds of
messages and can be polled. It cannot be opened by a path, so the test hands over its open end.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.config import dump
from ignition.providers import hyperv
from ignition.testbed.httpserver import HttpServer
from tests.unit.providers.clouds import run

Machine = Any
Pair = tuple[int, str, str]
SIZE = 7432
VERSION = bytes([100]) + bytes(SIZE - 1)
OK, FAILED = bytes(4), (0x80004005).to_bytes(4, "little")


def pair(pool: int, key: str, value: str) -> bytes:
    """The kernel's message for one pair (struct hv_kvp_msg)."""
    name, text = key.encode() + b"\0", value.encode() + b"\0"
    head = struct.pack("<BBHIII", 1, pool, 0, 1, len(name), len(text))
    return (head + name.ljust(512, b"\0") + text.ljust(2048, b"\0")).ljust(SIZE, b"\0")


class Kernel:
    """A fake kernel end. It talks to the first program that registers, and records all answers."""

    def __init__(self, messages: Sequence[bytes]) -> None:
        self.messages = list(messages)
        self.registered: list[bytes] = []
        self.answers: list[bytes] = []
        self._ours: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def open(self, _: object = None) -> int:
        """Opens a descriptor like that of the device."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        ours.settimeout(10)
        self._ours.append(ours)
        thread = threading.Thread(target=self._play, args=(ours,))
        thread.start()
        self._threads.append(thread)
        return theirs.detach()

    def _play(self, ours: socket.socket) -> None:
        try:
            self.registered.append(ours.recv(2 * SIZE))
            while self.messages:
                message = self.messages.pop(0)
                ours.send(message)
                if message != VERSION:
                    self.answers.append(ours.recv(2 * SIZE))
        except OSError:
            pass  # the provider hung up

    def close(self) -> None:
        for ours in self._ours:
            ours.close()
        for thread in self._threads:
            thread.join()


Plug = Callable[..., Kernel]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plug]:
    """Runs the machine on a fake Hyper-V."""
    kernels: list[Kernel] = []
    monkeypatch.setattr(hyperv, "QUIET_TIME", 0.25)

    def make(*messages: bytes) -> Kernel:
        kernel = Kernel([VERSION, *messages])
        kernels.append(kernel)
        monkeypatch.setattr(hyperv, "open_device", kernel.open)
        return kernel

    yield make
    for kernel in kernels:
        kernel.close()


def code_of(machine: Machine) -> str:
    with pytest.raises(Failure) as caught:
        hyperv.fetch(machine.context(offline=True))
    return caught.value.code


def test_registers_and_answers_like_the_daemon(machine: Machine, plug: Plug) -> None:
    kernel = plug(pair(0, "ignition.config", "{}"), pair(3, "k", "v"))
    assert hyperv.fetch(machine.context(offline=True)) == b"{}"
    assert kernel.registered == [VERSION], "a zeroed message that says 100"
    assert [(len(answer), answer[:4]) for answer in kernel.answers] == [(SIZE, OK)] * 2
    assert not any(any(answer[4:]) for answer in kernel.answers)


@pytest.mark.parametrize(
    ("pairs", "config"),
    [
        ([], ""),
        ([(0, "other", "x"), (1, "ignition.config", "x"), (0, "Ignition.config", "x")], ""),
        ([(0, "ignition.config", "whole"), (0, "ignition.config.0", "part")], "whole"),
        ([(0, "ignition.config", ""), (0, "ignition.config.0", "part")], "part"),
        ([(0, f"ignition.config.{n}", chr(97 + n)) for n in reversed(range(12))], "abcdefghijkl"),
        ([(0, "ignition.config.0", "a"), (0, "ignition.config.2", "c")], "a"),
        ([(0, "ignition.config.1", "b")], ""),
        ([(0, "ignition.config.0", "a"), (0, "ignition.config.00", "x")], "a"),
        ([(0, "ignition.config", "old"), (0, "ignition.config", "new")], "new"),
        ([(0, "ignition.config", "é" * 1000)], "é" * 1000),
    ],
    ids=["none", "other", "whole", "empty", "order", "gap", "late", "00", "twice", "utf-8"],
)
def test_config_among_the_pairs(
    pairs: list[Pair], config: str, machine: Machine, plug: Plug
) -> None:
    plug(*(pair(*each) for each in pairs))
    assert hyperv.fetch(machine.context()) == config.encode()


def test_missing_part_is_logged(machine: Machine, plug: Plug) -> None:
    plug(pair(0, "ignition.config.0", "a"), pair(0, "ignition.config.2", "c"))
    hyperv.fetch(machine.context())
    assert "ignition.config.1 is missing: 1 more parts do not count" in machine.lines
    assert not [line for line in machine.lines if '"c"' in line]


def test_pools_are_written_in_the_format_of_the_daemon(machine: Machine, plug: Plug) -> None:
    plug(pair(0, "b", "2"), pair(0, "a", "1"), pair(4, "k", "v" * 2047), pair(0, "b", "3"))
    _, files = hyperv.fetch_with_files(machine.context())
    assert [file.path for file in files] == [f"/var/lib/hyperv/.kvp_pool_{n}" for n in range(5)]
    assert [file.mode for file in files] == [0o600] * 5
    first = b"b" + bytes(511) + b"3" + bytes(2047) + b"a" + bytes(511) + b"1" + bytes(2047)
    assert files[0].data == first
    assert [file.data for file in files[1:4]] == [b""] * 3
    assert files[4].data == b"k" + bytes(511) + b"v" * 2047 + b"\0"


def test_key_and_value_of_full_length(machine: Machine, plug: Plug) -> None:
    plug(pair(1, "k" * 511, "v" * 2047))
    _, files = hyperv.fetch_with_files(machine.context())
    assert files[1].data == b"k" * 511 + b"\0" + b"v" * 2047 + b"\0"


@pytest.mark.parametrize(
    "message",
    [bytes([3]) + bytes(SIZE - 1), bytes([0]) + bytes(SIZE - 1), pair(5, "k", "v")],
    ids=["enumerate", "get", "no such pool"],
)
def test_other_operations_are_refused(message: bytes, machine: Machine, plug: Plug) -> None:
    kernel = plug(message, pair(0, "ignition.config", "{}"))
    assert hyperv.fetch(machine.context()) == b"{}"
    assert [answer[:4] for answer in kernel.answers] == [FAILED, OK]


@pytest.mark.parametrize(
    "message",
    [
        pair(0, "k", "v")[:-1],
        b"\1",
        struct.pack("<BBHIII", 1, 0, 0, 1, 513, 1).ljust(SIZE, b"\0"),
        struct.pack("<BBHIII", 1, 0, 0, 1, 2, 2049).ljust(SIZE, b"\0"),
        struct.pack("<BBHIII", 1, 0, 0, 1, 0, 1).ljust(SIZE, b"\0"),
        struct.pack("<BBHIII", 1, 0, 0, 1, 1, 0).ljust(SIZE, b"\0"),
    ],
    ids=["short", "tiny", "key", "value", "no key", "no value"],
)
def test_invalid_message(message: bytes, machine: Machine, plug: Plug) -> None:
    plug(message)
    assert code_of(machine) == "IGN5653"


def test_short_write(machine: Machine, plug: Plug, monkeypatch: pytest.MonkeyPatch) -> None:
    plug()
    monkeypatch.setattr(os, "write", lambda device, data: len(data) - 1)
    assert code_of(machine) == "IGN5653"


def test_busy_device_is_retried(
    machine: Machine, plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(pair(0, "ignition.config", "{}"))
    errors = [BlockingIOError(errno.EAGAIN, "busy")] * 2
    write = os.write

    def busy(device: int, data: bytes) -> int:
        if errors and len(data) == SIZE:
            raise errors.pop()
        return write(device, data)

    monkeypatch.setattr(os, "write", busy)
    assert hyperv.fetch(machine.context()) == b"{}"
    assert not errors


def test_device_that_fails(machine: Machine, plug: Plug, monkeypatch: pytest.MonkeyPatch) -> None:
    plug()

    def broken(device: int, data: bytes) -> int:
        raise OSError(errno.EFAULT, "Bad address")

    monkeypatch.setattr(os, "write", broken)
    assert code_of(machine) == "IGN5652"


def test_time_limit_for_a_host_that_keeps_sending(machine: Machine, plug: Plug) -> None:
    machine.settings.wait_fetch = 5
    plug(*[pair(0, f"k{n}", "v") for n in range(20)])
    ctx = machine.context()
    ctx.clock = iter(range(100)).__next__
    with pytest.raises(Failure) as caught:
        hyperv.fetch(ctx)
    assert caught.value.code == "IGN5654"


# The device


def test_device_is_opened_at_its_path(machine: Machine) -> None:
    machine.settings.hv_utils_driver = str(machine.folder)
    machine.program("modprobe", "exit 1")
    machine.write("hv_kvp", b"")
    machine.settings.hv_kvp_device = str(machine.folder / "hv_kvp")
    device = hyperv.open_device(machine.context())
    assert not os.get_blocking(device)
    assert not os.get_inheritable(device)
    os.close(device)
    assert machine.now == 0


def test_module_is_loaded_if_the_driver_is_missing(machine: Machine) -> None:
    machine.settings.hv_utils_driver = str(machine.folder / "none")
    machine.settings.hv_kvp_device = str(machine.folder / "hv_kvp")
    machine.program(
        "modprobe", f'echo "$@" > {machine.folder}/loaded; touch {machine.folder}/hv_kvp'
    )
    os.close(hyperv.open_device(machine.context()))
    loaded: Path = machine.folder / "loaded"
    assert loaded.read_text() == "hv_utils\n"
    machine.program("modprobe", "exit 1")
    with pytest.raises(Failure) as caught:
        hyperv.open_device(machine.context())
    assert caught.value.code == "IGN5650"


def test_machine_outside_hyperv(machine: Machine) -> None:
    machine.settings.hv_utils_driver = str(machine.folder)
    machine.settings.hv_kvp_device = str(machine.folder / "none")
    assert code_of(machine) == "IGN5651"
    assert machine.now == hyperv.NODE_TIMEOUT


# Through the phases


def phases(machine: Machine, *names: str) -> int:
    return run(machine, *names, platform="hyperv")


def test_host_is_read_once_if_a_reference_needs_the_network(machine: Machine, plug: Plug) -> None:
    """The host sends its pairs once: the second phase uses those of the first."""
    child = {
        "ignition": {"version": "3.4.0"},
        "storage": {"files": [{"path": "/etc/child", "contents": {"source": "data:,child"}}]},
    }
    with HttpServer({"/c": json.dumps(child).encode()}) as server:
        config = {
            "ignition": {"version": "3.4.0", "config": {"replace": {"source": server.url("/c")}}}
        }
        kernel = plug(pair(0, "ignition.config", json.dumps(config)), pair(2, "k", "v"))
        assert phases(machine, "fetch-offline") == 0
        state = json.loads((machine.folder / "run/state").read_text())
        assert (machine.folder / "run/neednet").exists()
        assert not (machine.folder / "run/ignition.json").exists()
        assert phases(machine, "fetch") == 0
        assert len(kernel.registered) == 1
    after = json.loads((machine.folder / "run/state").read_text())
    assert len(after["providerOutputFiles"]) == 5
    assert after["providerOutputFiles"] == state["providerOutputFiles"]
    assert [entry["source"] for entry in after["fetchedConfigs"]] == ["system", "hyperv", "/c"]
    (machine.folder / "root/etc").mkdir(parents=True)
    machine.settings.selinux_relabel = False
    if os.geteuid() == 0:
        assert phases(machine, "files") == 0
        assert (machine.folder / "root/etc/child").read_text() == "child"
        pool = machine.folder / "root/var/lib/hyperv/.kvp_pool_2"
        assert pool.read_bytes() == b"k" + bytes(511) + b"v" + bytes(2047)
        assert pool.stat().st_mode & 0o7777 == 0o600
        assert (pool.parent / ".kvp_pool_0").stat().st_size == 2560
        assert (pool.parent / ".kvp_pool_4").read_bytes() == b""


def test_files_are_written_without_a_config_too(machine: Machine, plug: Plug) -> None:
    plug(pair(0, "other", "x"))
    assert phases(machine, "fetch-offline") == 0
    state = json.loads((machine.folder / "run/state").read_text())
    assert len(state["providerOutputFiles"]) == 5
    assert [entry["kind"] for entry in state["fetchedConfigs"]] == ["base"]


def test_host_is_not_read_if_the_config_is_elsewhere(machine: Machine, plug: Plug) -> None:
    kernel = plug(pair(0, "ignition.config", "{}"))
    machine.write("etc/user.ign", b'{"ignition": {"version": "3.4.0"}}')
    assert phases(machine, "fetch-offline") == 0
    assert not kernel.registered
    state = json.loads((machine.folder / "run/state").read_text())
    assert state["providerOutputFiles"] is None


def test_files_in_the_state_have_the_form_of_ignition(machine: Machine, plug: Plug) -> None:
    plug(pair(0, "k", "v"))
    _, files = hyperv.fetch_with_files(machine.context())
    entries = [file.to_config() for file in files]
    config = {**dump.empty(), "storage": {"files": entries}}
    written = json.loads(dump.cache_text(config))["storage"]["files"]
    assert json.dumps(written) == json.dumps(entries)
