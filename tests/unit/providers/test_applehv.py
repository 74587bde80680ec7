# SPDX-License-Identifier: Apache-2.0
"""HTTP over a socket pair instead of a vsock, which loopback does not support."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.providers import applehv

Machine = Any


def ask(
    machine: Machine, answer: bytes, *, again: bytes = b"", limit: float = 5
) -> tuple[bytes, bytes]:
    """The provider's result for an answer, and its request. `again` is then repeated for ever, with
    pauses."""
    ours, theirs = socket.socketpair()
    heard: list[bytes] = []

    def serve() -> None:
        with theirs:
            text = b""
            while b"\r\n\r\n" not in text:
                text += theirs.recv(4096)
            heard.append(text)
            with suppress(BrokenPipeError, ConnectionResetError):
                theirs.sendall(answer)
                while again:
                    time.sleep(0.05)
                    theirs.sendall(again)

    host = threading.Thread(target=serve)
    host.start()
    with ours:
        ours.settimeout(limit)
        try:
            return applehv.request_config(machine.context(), ours), heard[0]
        finally:
            ours.close()
            host.join()


def test_request_and_body(machine: Machine) -> None:
    body, request = ask(machine, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    assert body == b"{}"
    lines = request.decode().split("\r\n")
    assert lines[0] == "GET / HTTP/1.1"
    assert {"Host: d", "Accept: application/json"} <= set(lines)


@pytest.mark.parametrize(
    "head", [b"Content-Length: 0\r\n\r\n", b"Connection: close\r\n\r\n"], ids=["length", "close"]
)
def test_no_config(head: bytes, machine: Machine) -> None:
    assert ask(machine, b"HTTP/1.1 200 OK\r\n" + head)[0] == b""


def test_chunks(machine: Machine) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert ask(machine, head + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")[0] == b"{}"


def test_body_is_used_whatever_the_status_with_a_warning(machine: Machine) -> None:
    answer = b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}"
    assert ask(machine, answer)[0] == b"{}"
    assert "the host answers 500 Oh: using its body anyway" in machine.lines


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-9\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        b"",
    ],
    ids=[
        *(
            "ssh",
            "cut",
            "absurd length",
            "absurd chunk",
            "negative chunk",
            "odd length",
            "odd coding",
        ),
        *("odd chunk", "no end", "nothing"),
    ],
)
def test_incomplete_response(answer: bytes, machine: Machine) -> None:
    with pytest.raises(Failure) as caught:
        ask(machine, answer)
    assert caught.value.code == "IGN5522"


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (b"HTTP/1.1 200 OK\r\nA: ", b"a"),
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["header", "headers", "provisional answers"],
)
def test_host_with_endless_headers(machine: Machine, begin: bytes, again: bytes) -> None:
    with pytest.raises(TimeoutError):
        ask(machine, begin, again=again, limit=0.5)


def test_module_that_cannot_be_loaded(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applehv, "DRIVER", str(machine.folder / "none"))
    machine.program("modprobe", "exit 1")
    with pytest.raises(Failure) as caught:
        applehv.fetch(machine.context())
    assert caught.value.code == "IGN5520"


def test_module_is_not_loaded_if_the_driver_exists(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applehv, "DRIVER", str(machine.folder))
    machine.program("modprobe", "exit 1")
    with pytest.raises(Failure) as caught:
        applehv.fetch(machine.context())
    assert caught.value.code == "IGN5521", "this machine is no guest of that host"


def test_body_beyond_the_memory_limit_is_refused(machine: Machine) -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with pytest.raises(Failure) as caught:
        ask(machine, head + bytes(65 << 20))
    assert caught.value.code == "IGN4008"
