# SPDX-License-Identifier: Apache-2.0
"""The other transports to VMware's hypervisor, and their order.

The vsock is a socket pair, and the open-vm-tools programs are scripts.
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
from ignition.system.vmware import TransportError, guestinfo, rpctool, vsock
from ignition.system.vmware.guestinfo import Guestinfo

GET = b"info-get guestinfo.a"


def hex_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\n", " "))


def converse(answer: bytes) -> tuple[bytes, bytes]:
    """The result of a reply, and the request that was sent."""
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
            return vsock.exchange(ours, GET), heard[0]
        finally:
            host.join()


def test_vsock_message() -> None:
    reply, request = converse(vsock.encode_message(b"1 {}"))
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
def test_invalid_message(answer: bytes) -> None:
    with pytest.raises(TransportError):
        converse(answer)


@pytest.mark.parametrize("answer", [b"", vsock.encode_message(b"1 {}")[:-1]], ids=["none", "cut"])
def test_closed_connection(answer: bytes) -> None:
    with pytest.raises(ConnectionResetError):
        converse(answer)


def test_vsock_without_hypervisor() -> None:
    with pytest.raises(TransportError, match=r"^\w"):
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


def test_value_from_vmware_rpctool(tmp_path: Path) -> None:
    assert by_program(tmp_path, 'echo "$1"; echo') == b"1 " + GET + b"\n"


def test_value_from_vmtoolsd(tmp_path: Path) -> None:
    assert by_program(tmp_path, 'echo "$1" "$2"', "vmtoolsd") == b"1 --cmd " + GET


@pytest.mark.parametrize("stream", ["1", "2"])
def test_program_reports_unset_variable(stream: str, tmp_path: Path) -> None:
    script = f"echo No value found >&{stream}; exit 1"
    assert by_program(tmp_path, script) == b"0 No value found"


def test_failing_program(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="vmware-rpctool: Failed to send"):
        by_program(tmp_path, "echo Failed to send >&2; exit 1")


def test_no_program(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="neither"):
        by_program(tmp_path, "", "another")


def replies(reply: bytes) -> Callable[[bytes], bytes]:
    return lambda request: reply


def broken(request: bytes) -> bytes:
    raise TransportError("no such thing")


class Transports:
    def __init__(self, *transports: Callable[[bytes], bytes]) -> None:
        self.lines: list[str] = []
        log = Log(lambda _, text: self.lines.append(text))
        self.guestinfo = Guestinfo(
            log, [(f"transport {n}", call) for n, call in enumerate(transports)]
        )


def test_broken_transport_is_reported_and_not_used_again() -> None:
    transports = Transports(broken, replies(b"1 x"), broken)
    assert [transports.guestinfo.get("a"), transports.guestinfo.get("b")] == [b"x", b"x"]
    warnings = [line for line in transports.lines if "cannot access" in line]
    assert warnings == ["cannot access guestinfo.a by transport 0: no such thing"]


@pytest.mark.parametrize("reply", [b"", b"2 x", b"12", b"x"])
def test_transport_with_invalid_reply_is_broken(reply: bytes) -> None:
    assert Transports(replies(reply), replies(b"1 x")).guestinfo.get("a") == b"x"


def test_no_transport_left() -> None:
    with pytest.raises(Failure) as caught:
        Transports(broken, broken).guestinfo.get("a")
    assert caught.value.code == "IGN5601"
    assert caught.value.hint == "transport 0: no such thing; transport 1: no such thing"


@pytest.mark.parametrize(
    ("reply", "value"), [(b"1 ", b""), (b"1", b""), (b"1 1 ", b"1 "), (b"0 No", None), (b"0", None)]
)
def test_replies(reply: bytes, value: bytes | None) -> None:
    assert Transports(replies(reply)).guestinfo.get("a") == value


@pytest.mark.parametrize("key", ["a", "guestinfo.a"])
def test_prefix_is_added_once(key: str) -> None:
    assert Transports(lambda request: b"1 " + request).guestinfo.get(key) == GET


def test_refused_write_is_reported() -> None:
    transports = Transports(replies(b"0 Permission denied"))
    assert not transports.guestinfo.set("a", b"secret")
    assert "the hypervisor refuses to write guestinfo.a: Permission denied" in transports.lines
    assert "secret" not in "".join(transports.lines)


@pytest.mark.parametrize(("vendor", "guest"), [("VMware, Inc.\n", True), ("QEMU\n", False)])
def test_guest_detected_by_firmware_vendor(vendor: str, guest: bool, tmp_path: Path) -> None:
    (tmp_path / "sys_vendor").write_text(vendor)
    assert connected(tmp_path) == guest


def test_no_firmware_vendor(tmp_path: Path) -> None:
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
