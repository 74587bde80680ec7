# SPDX-License-Identifier: Apache-2.0
"""Raw responses are parsed as in Ignition, and never waited for without a limit."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.resource.context import Transport
from ignition.resource.fetch import fetch_bytes
from ignition.resource.schemes import http_wire
from tests.support.http_responses import BODY, CHUNKED, OK, REFUSED, TAKEN
from tests.support.listening import listening

Bench = Any
Send = Callable[[socket.socket], None]
SECOND = Transport(total=1, headers=1)


def fetch(bench: Bench, send: Send, transport: Transport = SECOND) -> bytes:
    """Fetches from a server that sends this response."""

    def answer(connection: socket.socket, _: bytes) -> None:
        with suppress(OSError):
            send(connection)

    with listening(answer) as port:
        return fetch_bytes(bench.context(transport), f"http://127.0.0.1:{port}/a")


@pytest.mark.parametrize("name", TAKEN)
def test_accepted_by_ignition(bench: Bench, name: str) -> None:
    assert fetch(bench, lambda connection: connection.sendall(TAKEN[name])) == BODY


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_ignition(bench: Bench, name: str) -> None:
    with pytest.raises(Failure) as caught:
        fetch(bench, lambda connection: connection.sendall(REFUSED[name]))
    assert caught.value.code in ("IGN4006", "IGN4007")


def repeated(begin: bytes, piece: bytes, pause: float = 0) -> Send:
    """Sends the piece for ever."""

    def send(connection: socket.socket) -> None:
        connection.sendall(begin)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return send


@pytest.mark.parametrize(
    "send",
    [
        pytest.param(repeated(b"", b"H", 0.05), id="bytes of the status"),
        pytest.param(repeated(OK + b"A: ", b"a", 0.05), id="bytes of a header"),
        pytest.param(repeated(OK, b"A: b\r\n", 0.05), id="headers"),
        pytest.param(repeated(OK + b"A: b\r\n", b" c\r\n", 0.05), id="folded lines"),
        pytest.param(repeated(b"", b"HTTP/1.1 100 C\r\n\r\n", 0.05), id="provisional answers"),
    ],
)
def test_header_timeout_covers_the_whole_head(bench: Bench, send: Send) -> None:
    """Without a total timeout: the second attempt gets the body."""
    sent: list[Send] = [send, lambda connection: connection.sendall(TAKEN["length"])]
    assert fetch(bench, lambda connection: sent.pop(0)(connection), Transport(headers=1)) == BODY
    assert "GET error: no answer in time" in bench.lines


@pytest.mark.parametrize(
    ("send", "code"),
    [
        pytest.param(repeated(OK + b"A: ", b"a" * 9999), "IGN4006", id="header"),
        pytest.param(repeated(OK, b"A: b\r\n" * 999), "IGN4006", id="headers"),
        pytest.param(
            repeated(b"", b"HTTP/1.1 100 C\r\n\r\n" * 99), "IGN4006", id="provisional answers"
        ),
        pytest.param(repeated(CHUNKED, b"0" * 999), "IGN4007", id="chunk size"),
        pytest.param(repeated(CHUNKED + b"5;", b"a" * 999), "IGN4007", id="chunk extension"),
        pytest.param(
            repeated(CHUNKED + b"1\r\na\r\n0\r\n", b"A: b\r\n" * 99), "IGN4007", id="trailers"
        ),
        pytest.param(
            repeated(CHUNKED + b"1\r\na\r\n0\r\nA: ", b"a" * 999), "IGN4007", id="trailer"
        ),
    ],
)
def test_endless_head_ends_with_the_size_limit(
    bench: Bench, send: Send, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a header timeout, the size limit ends the wait."""
    monkeypatch.setattr(http_wire, "MAX_HEAD", 1 << 16)
    with pytest.raises(Failure) as caught:
        fetch(bench, send, Transport(total=20, headers=0))
    assert caught.value.code == code
    assert "no answer in time" not in bench.text


def test_cookies_are_not_parsed(bench: Bench) -> None:
    """requests would need 0.9 s per 20,000 cookies."""
    cookies = b"Set-Cookie: " + b"a=b; " * 1_000_000 + b"\r\n"
    answer = TAKEN["length"].replace(OK, OK + cookies)
    assert fetch(bench, lambda connection: connection.sendall(answer), Transport(total=10)) == BODY
