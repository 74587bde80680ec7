# SPDX-License-Identifier: Apache-2.0
"""Guest properties of VirtualBox.

The driver only binds to the device of a real VirtualBox, so here it is played: what it gets is taken
apart by the structures of linux/vboxguest.h, its pointers are followed.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.providers import virtualbox
from ignition.system import vboxguest

Machine = Any

CLIENT = 0x5EED
PROPERTIES = b"VBoxGuestPropSvc"


class Driver:
    """A fake driver and host. `properties`: name -> value and flags."""

    def __init__(self, properties: dict[str, tuple[bytes, bytes]]) -> None:
        self.properties = properties
        self.connected = False
        self.fail: dict[int, int] = {}
        self.before_get: Callable[[], None] = lambda: None
        self.raw: bytes | None = None

    def ioctl(self, device: int, number: int, message: bytearray) -> int:
        size_in, layout, kind, result, size_out, reserved = struct.unpack_from("<IIIiII", message)
        assert (layout, kind, result, reserved) == (0x10001, 0, 0, 0)
        assert number >> 30 == 3, "read and write"
        assert number >> 16 & 0x3FFF == max(size_in, size_out) == len(message)
        assert number >> 8 & 0xFF == ord("V")
        function = number & 0xFF
        result = self.fail.get(function, 0) or getattr(self, f"_ask_{function}")(
            message, size_in, size_out
        )
        struct.pack_into("<i", message, 12, result)
        return 0

    def _ask_0(self, message: bytearray, size_in: int, size_out: int) -> int:
        assert (size_in, size_out) == (40, 44)
        assert struct.unpack_from("<IIII", message, 24) == (0x10000, 0x10000, 0, 0)
        return 0

    def _ask_4(self, message: bytearray, size_in: int, size_out: int) -> int:
        assert (size_in, size_out) == (156, 28)
        assert struct.unpack_from("<I128s", message, 24) == (2, PROPERTIES.ljust(128, b"\0"))
        struct.pack_into("<I", message, 24, CLIENT)
        self.connected = True
        return 0

    def _ask_5(self, message: bytearray, size_in: int, size_out: int) -> int:
        assert (size_in, size_out) == (28, 24)
        assert struct.unpack_from("<I", message, 24) == (CLIENT,)
        self.connected = False
        return 0

    def _ask_7(self, message: bytearray, size_in: int, size_out: int) -> int:
        assert size_in == size_out
        client, function, timeout, _, reserved, count = struct.unpack_from("<IIIBBH", message, 24)
        assert self.connected
        assert (client, timeout, reserved) == (CLIENT, 0xFFFFFFFF, 0)
        assert size_in == 40 + 16 * count
        kinds = [struct.unpack_from("<I", message, 40 + 16 * each)[0] for each in range(count)]
        name = self._text(message, 40)
        if function == 4:
            assert kinds == [5]
            return self._delete(name)
        assert function == 1
        assert kinds == [5, 4, 2, 1]
        return self._get(name, message)

    def _text(self, message: bytearray, place: int) -> str:
        _, size, address = struct.unpack_from("<IIQ", message, place)
        text = ctypes.string_at(address, size)
        assert text.endswith(b"\0"), "the host takes the NUL for a part of it"
        return text[:-1].decode()

    def _get(self, name: str, message: bytearray) -> int:
        self.before_get()
        if name not in self.properties:
            return -78
        value = self.raw if self.raw is not None else b"\0".join(self.properties[name]) + b"\0"
        _, size, address = struct.unpack_from("<IIQ", message, 56)
        struct.pack_into("<Q", message, 76, 1_700_000_000)
        struct.pack_into("<I", message, 92, len(value))
        if len(value) > size:
            return -41
        ctypes.memmove(address, value, len(value))
        return 0

    def _delete(self, name: str) -> int:
        if name in self.properties and b"RDONLYGUEST" in self.properties[name][1]:
            return -10
        return 0 if self.properties.pop(name, None) else -78


@pytest.fixture
def driver(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Driver:
    machine.write("vboxguest", b"")
    machine.settings.vboxguest_device = str(machine.folder / "vboxguest")
    played = Driver({})
    monkeypatch.setattr(vboxguest, "ioctl", played.ioctl)
    return played


def code(act: Callable[[], object]) -> str:
    with pytest.raises(Failure) as caught:
        act()
    return caught.value.code


@pytest.mark.parametrize("flags", [b"", b"TRANSIENT, RDONLYGUEST"], ids=["no flags", "flags"])
@pytest.mark.parametrize("value", [b"{}", b"", b"x" * 100_000], ids=["small", "empty", "large"])
def test_config(value: bytes, flags: bytes, driver: Driver, machine: Machine) -> None:
    driver.properties = {"/Ignition/Config": (value, flags)}
    assert virtualbox.fetch(machine.context()) == value
    assert not driver.connected


def test_no_config(driver: Driver, machine: Machine) -> None:
    assert virtualbox.fetch(machine.context()) == b""
    assert "no guest property /Ignition/Config" in machine.lines


def test_empty_encoding_is_ignored(driver: Driver, machine: Machine) -> None:
    driver.properties = {
        "/Ignition/Config": (b"{}", b""),
        "/Ignition/Config/Encoding": (b"", b""),
    }
    assert virtualbox.fetch(machine.context()) == b"{}"


def test_encoding_is_refused(driver: Driver, machine: Machine) -> None:
    driver.properties = {"/Ignition/Config/Encoding": (b"gzip", b"")}
    assert code(lambda: virtualbox.fetch(machine.context())) == "IGN5622"
    assert not driver.connected


def test_value_that_grows_between_calls(driver: Driver, machine: Machine) -> None:
    def grow() -> None:
        value, flags = driver.properties["/Ignition/Config"]
        driver.properties["/Ignition/Config"] = (value + b"x" * (len(value) < 6), flags)

    driver.properties = {"/Ignition/Config": (b"x", b"")}
    driver.before_get = grow
    driver.properties["/Ignition/Config/Encoding"] = (b"", b"")
    assert virtualbox.fetch(machine.context()) == b"x" * 6


def test_value_without_a_terminator(driver: Driver, machine: Machine) -> None:
    driver.properties = {"/Ignition/Config": (b"", b"")}
    driver.raw = b"no end"
    assert code(lambda: virtualbox.fetch(machine.context())) == "IGN5623"


@pytest.mark.parametrize("function", [0, 4, 7], ids=["version", "connect", "call"])
def test_other_failures_of_the_host(function: int, driver: Driver, machine: Machine) -> None:
    driver.fail = {function: -2900}
    for act in (virtualbox.fetch, virtualbox.delete):
        assert code(lambda act=act: act(machine.context())) == "IGN5621"  # type: ignore[misc]
    assert not driver.connected


def test_failure_to_disconnect_is_only_logged(driver: Driver, machine: Machine) -> None:
    driver.properties = {"/Ignition/Config": (b"{}", b"")}
    driver.fail = {5: -1}
    assert virtualbox.fetch(machine.context()) == b"{}"
    assert "VirtualBox: disconnecting failed with -1" in machine.lines


def test_deleting(driver: Driver, machine: Machine) -> None:
    driver.properties = {
        "/Ignition/Config": (b"{}", b""),
        "/Ignition/Config/Encoding": (b"", b""),
        "/Other": (b"", b""),
    }
    virtualbox.delete(machine.context())
    assert list(driver.properties) == ["/Other"]
    virtualbox.delete(machine.context())


def test_property_that_the_guest_may_not_delete(driver: Driver, machine: Machine) -> None:
    driver.properties = {"/Ignition/Config": (b"{}", b"RDONLYGUEST")}
    assert code(lambda: virtualbox.delete(machine.context())) == "IGN5624"


def test_device_that_is_not_the_driver(machine: Machine) -> None:
    machine.settings.vboxguest_device = "/dev/null"
    assert code(lambda: virtualbox.fetch(machine.context())) == "IGN5621"


def test_module_is_loaded_if_the_device_is_missing(machine: Machine) -> None:
    device = machine.folder / "vboxguest"
    machine.settings.vboxguest_device = str(device)
    machine.program("modprobe", f'test "$1" = vboxguest && touch {device}')
    assert code(lambda: virtualbox.fetch(machine.context())) == "IGN5621", "a file is no driver"


@pytest.mark.parametrize("modprobe", ["exit 1", ""], ids=["fails", "is missing"])
def test_no_device(modprobe: str, machine: Machine) -> None:
    machine.settings.vboxguest_device = str(machine.folder / "none")
    machine.settings.programs["modprobe"] = "/none"
    if modprobe:
        machine.program("modprobe", modprobe)
    assert code(lambda: virtualbox.fetch(machine.context())) == "IGN5620"
