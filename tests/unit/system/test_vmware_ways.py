# SPDX-License-Identifier: Apache-2.0
"""The other ways to VMware's hypervisor, and which is taken.

The vsock is a pair of sockets: its other end is in a hypervisor. The programs of open-vm-tools are scripts.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ignition.base.errors import Failure, NoProvider
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.system.vmware import Unusable, guestinfo, rpctool, vsock
from ignition.system.vmware.guestinfo import Guestinfo

GET = b"info-get guestinfo.a"


def hex_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\n", " "))


def converse(answer: bytes) -> tuple[bytes, bytes]:
    """What becomes of an answer, and what was asked."""
    ours, theirs = socket.socketpair()
    heard: list[bytes] = []

    def serve() -> None:
        with theirs:
            heard.append(theirs.recv(4096))
            theirs.sendall(answer)

    host = threading.Thread(target=serve)
    host.start()
    with ours:
        ours.settimeout(5)
        try:
            return vsock.converse(ours, GET), heard[0]
        finally:
            host.join()


def test_message_by_vsock() -> None:
    reply, request = converse(vsock.packed(b"1 {}"))
    assert reply == b"1 {}"
    assert request == hex_bytes(
        """00000040
        00000001 00000001 00000001 00000000
        00000002 00000002 00000014 """
        + GET.hex()
        + "00000001 00000003 00000001 00000000"
    )


@pytest.mark.parametrize(
    "answer",
    [
        hex_bytes("ffffffff"),
        hex_bytes("00000004 00000002"),
        hex_bytes("00000010 00000009 00000002 00000000 00000000"),
        hex_bytes("00000010 00000002 00000002 00000005 31202020"),
        hex_bytes("00000010 00000001 00000001 00000001 00000000"),
    ],
    ids=["too large", "cut", "no such type", "longer than the message", "no payload"],
)
def test_what_is_no_message(answer: bytes) -> None:
    with pytest.raises(Unusable):
        converse(answer)


@pytest.mark.parametrize("answer", [b"", vsock.packed(b"1 {}")[:-1]], ids=["none", "cut"])
def test_a_connection_that_ends(answer: bytes) -> None:
    with pytest.raises(ConnectionResetError):
        converse(answer)


def test_no_hypervisor_behind_the_vsock() -> None:
    with pytest.raises(Unusable, match=r"^\w"):
        vsock.call(GET)


def by_program(folder: Path, script: str, name: str = "vmware-rpctool") -> bytes:
    settings = Settings()
    for each in ("vmware-rpctool", "vmtoolsd"):
        settings.programs[each] = str(folder / each)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    lines: list[str] = []
    try:
        return rpctool.call(settings, Log(lambda _, text: lines.append(text)), GET)
    finally:
        assert GET.decode() not in "\n".join(lines), "the request of info-set holds a value"


def test_value_from_a_program(tmp_path: Path) -> None:
    assert by_program(tmp_path, 'echo "$1"; echo') == b"1 " + GET + b"\n"


def test_value_from_vmtoolsd(tmp_path: Path) -> None:
    assert by_program(tmp_path, 'echo "$1" "$2"', "vmtoolsd") == b"1 --cmd " + GET


@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_program_that_finds_nothing(stream: str, tmp_path: Path) -> None:
    script = f"echo No value found >&{stream}; exit 1"
    assert by_program(tmp_path, script) == b"0 No value found"


def test_a_program_that_fails(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="vmware-rpctool: Failed to send"):
        by_program(tmp_path, "echo Failed to send >&2; exit 1")


def test_no_program(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="neither"):
        by_program(tmp_path, "", "another")


def says(reply: bytes) -> Callable[[bytes], bytes]:
    return lambda request: reply


def broken(request: bytes) -> bytes:
    raise Unusable("no such thing")


class Ways:
    def __init__(self, *ways: Callable[[bytes], bytes]) -> None:
        self.lines: list[str] = []
        log = Log(lambda _, text: self.lines.append(text))
        self.guestinfo = Guestinfo(log, [(f"way {number}", way) for number, way in enumerate(ways)])


def test_a_way_that_does_not_work_is_told_and_left() -> None:
    ways = Ways(broken, says(b"1 x"), broken)
    assert [ways.guestinfo.get("a"), ways.guestinfo.get("b")] == [b"x", b"x"]
    warnings = [line for line in ways.lines if "cannot be had" in line]
    assert warnings == ["guestinfo.a cannot be had by way 0: no such thing"]


@pytest.mark.parametrize("reply", [b"", b"2 x", b"12", b"x"])
def test_what_is_no_reply_comes_from_a_way_that_does_not_work(reply: bytes) -> None:
    assert Ways(says(reply), says(b"1 x")).guestinfo.get("a") == b"x"


def test_no_way_left() -> None:
    with pytest.raises(Failure) as caught:
        Ways(broken, broken).guestinfo.get("a")
    assert caught.value.code == "IGN5601"
    assert caught.value.hint == "way 0: no such thing; way 1: no such thing"


@pytest.mark.parametrize(
    ("reply", "value"), [(b"1 ", b""), (b"1", b""), (b"1 1 ", b"1 "), (b"0 No", None), (b"0", None)]
)
def test_replies(reply: bytes, value: bytes | None) -> None:
    assert Ways(says(reply)).guestinfo.get("a") == value


@pytest.mark.parametrize("key", ["a", "guestinfo.a"])
def test_the_prefix_is_added_once(key: str) -> None:
    assert Ways(lambda request: b"1 " + request).guestinfo.get(key) == GET


def test_refused_writing_is_told() -> None:
    ways = Ways(says(b"0 Permission denied"))
    assert not ways.guestinfo.set("a", b"secret")
    assert "the hypervisor refuses to write guestinfo.a: Permission denied" in ways.lines
    assert "secret" not in "".join(ways.lines)


@pytest.mark.parametrize(("vendor", "guest"), [("VMware, Inc.\n", True), ("QEMU\n", False)])
def test_presence_by_the_firmware(vendor: str, guest: bool, tmp_path: Path) -> None:
    (tmp_path / "sys_vendor").write_text(vendor)
    assert connected(tmp_path) == guest


def test_no_firmware_that_could_be_asked(tmp_path: Path) -> None:
    assert not connected(tmp_path)


def connected(folder: Path) -> bool:
    settings = Settings()
    settings.dmi_dir = str(folder)
    try:
        guestinfo.connect(settings, Log(lambda level, text: None))
    except NoProvider as failure:
        assert failure.code == "IGN5600"
        return False
    return True
