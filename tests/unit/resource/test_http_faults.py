# SPDX-License-Identifier: Apache-2.0
"""Faults of certificates, DNS, IPv6 and proxies. docs/faults.md lists all faults."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.config import x509
from ignition.resource.context import FetchContext, Transport
from ignition.resource.fetch import fetch_bytes
from ignition.resource.schemes import http
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer
from tests.support import network
from tests.support.listening import listening
from tests.support.name_server import RESOLV_CONF, NameServer

Bench = Any
Issue = Callable[..., Path]
NAME = "host.test"
needs_network = pytest.mark.skipif(bool(network.missing()), reason=network.missing())


def failure_of(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as caught:
        call()
    return caught.value


def trusting(authority: Authority, **more: Any) -> Transport:
    return Transport(authorities=x509.parse_certificates(authority.pem, None), **more)


def really_waiting(ctx: FetchContext) -> FetchContext:
    ctx.clock, ctx.sleep = time.monotonic, time.sleep
    return ctx


@pytest.fixture
def expired(issue: Issue) -> Path:
    return issue("127.0.0.1", days=-1)


@pytest.fixture
def other_host(issue: Issue) -> Path:
    return issue("other.test")


@pytest.fixture
def self_signed(tmp_path: Path) -> Path:
    stranger = Authority(tmp_path, "127.0.0.1")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(stranger.pem + (tmp_path / "ca.key").read_bytes())
    return bundle


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("expired", "certificate has expired"),
        ("other_host", "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ("self_signed", "self-signed certificate"),
    ],
)
def test_bad_certificate_gets_no_request_and_the_reason_is_shown(
    bench: Bench,
    authority: Authority,
    certificate: str,
    reason: str,
    request: pytest.FixtureRequest,
) -> None:
    bundle = request.getfixturevalue(certificate)
    with HttpServer({"/a": b"x"}, tls=bundle) as server:
        ctx = bench.context(trusting(authority, total=1))
        failure = failure_of(lambda: fetch_bytes(ctx, server.url("/a?secret")))
        assert server.requests == []
    assert failure.code == "IGN4006"
    assert f"the server's certificate is not trusted: {reason}" in failure.hint
    assert "secret" not in bench.text + failure.hint


def test_redirect_to_a_bad_certificate_is_not_followed(
    bench: Bench, authority: Authority, expired: Path
) -> None:
    with HttpServer({"/b": b"x"}, tls=expired) as server, HttpServer() as first:
        first.answer("/a", Answer(302, headers={"Location": server.url("/b")}))
        ctx = bench.context(trusting(authority, total=1))
        assert failure_of(lambda: fetch_bytes(ctx, first.url("/a"))).code == "IGN4006"
        assert server.requests == []


@contextmanager
def own_resolver() -> Iterator[None]:
    with network.own_network(), network.own_file("/etc/resolv.conf", RESOLV_CONF):
        yield


@needs_network
def test_late_name_server(bench: Bench) -> None:
    ctx = really_waiting(bench.context(Transport(total=30)))
    with own_resolver(), ExitStack() as later, HttpServer({"/a": b"x"}) as server:
        timer = threading.Timer(0.7, lambda: later.enter_context(NameServer({NAME: ["127.0.0.1"]})))
        timer.start()
        assert fetch_bytes(ctx, server.url("/a", host=NAME)) == b"x"
        timer.join()
    assert "GET error: temporary failure in name resolution" in bench.lines


@needs_network
def test_late_name(bench: Bench) -> None:
    """The name server answers, but does not know the name yet."""
    ctx = really_waiting(bench.context(Transport(total=30)))
    known: dict[str, list[str]] = {}
    with own_resolver(), NameServer(known), HttpServer({"/a": b"x"}) as server:
        timer = threading.Timer(0.7, lambda: known.update({NAME: ["127.0.0.1"]}))
        timer.start()
        assert fetch_bytes(ctx, server.url("/a", host=NAME)) == b"x"
        timer.join()
    assert "GET error: name or service not known" in bench.lines


@needs_network
def test_ipv6_alone(bench: Bench) -> None:
    ctx = bench.context(Transport(total=5))
    with own_resolver():
        network.add_address("fd00::1")
        with (
            NameServer({NAME: ["fd00::1"]}),
            HttpServer({"/a": b"x"}, host="fd00::1") as server,
        ):
            assert fetch_bytes(ctx, server.url("/a", host=NAME)) == b"x"
            assert fetch_bytes(ctx, server.url("/a", host="[fd00::1]")) == b"x"
            assert server.requests[1].headers["host"] == f"[fd00::1]:{server.port}"


@needs_network
def test_unreachable_address_beside_a_reachable_one(bench: Bench) -> None:
    """A name with IPv4 and IPv6 addresses, on a machine with only one of them."""
    with own_resolver():
        network.add_address("192.0.2.1")
        with (
            NameServer({NAME: ["2001:db8::1", "192.0.2.1"]}),
            HttpServer({"/a": b"x"}, host="192.0.2.1") as server,
        ):
            assert fetch_bytes(bench.context(), server.url("/a", host=NAME)) == b"x"


@needs_network
def test_silent_address_beside_a_reachable_one(bench: Bench) -> None:
    """The silent address does not use up the time of the other one."""
    with (
        network.own_names({NAME: ["127.0.0.2", "127.0.0.1"]}),
        HttpServer({"/a": b"x"}) as server,
        socket.create_server(("127.0.0.2", server.port), backlog=0) as full,
        socket.create_connection(full.getsockname()),
    ):
        ctx = really_waiting(bench.context(Transport(total=8)))
        assert fetch_bytes(ctx, server.url("/a", host=NAME)) == b"x"
    assert len(server.requests) == 1
    assert not [line for line in bench.lines if "error" in line]


TARGET = "http://example.invalid/a"
BODY = b"0123456789"


def test_proxy_that_dies_in_mid_body_and_returns(bench: Bench) -> None:
    script = [Answer(body=BODY, cut=4, reset=True), Answer(hang_up=True), Answer(body=BODY)]
    with HttpServer({TARGET: script}) as proxy:
        ctx = bench.context(Transport(http_proxy=proxy.url()))
        assert fetch_bytes(ctx, TARGET) == BODY
        assert len(proxy.requests) == 3


@needs_network
def test_missing_proxy_is_waited_for_and_never_bypassed(bench: Bench) -> None:
    with HttpServer() as proxy:
        address = proxy.url()
    with network.own_names({NAME: ["127.0.0.1"]}), HttpServer({"/a": b"x"}) as server:
        ctx = bench.context(Transport(http_proxy=address, total=2))
        failure = failure_of(lambda: fetch_bytes(ctx, server.url("/a", host=NAME)))
        assert server.requests == []
    assert failure.code == "IGN4006"
    assert "connection refused" in failure.hint


def test_proxy_that_refuses_the_tunnel(bench: Bench) -> None:
    with answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as port:
        transport = Transport(https_proxy=f"http://127.0.0.1:{port}", total=1)
        ctx = bench.context(transport)
        failure = failure_of(lambda: fetch_bytes(ctx, "https://example.invalid/a?secret"))
    assert failure.code == "IGN4006"
    assert "the proxy refuses the tunnel: 407 Proxy Authentication Required" in failure.hint


@pytest.mark.parametrize("piece", [b"H", b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 200 OK\r\nA: b\r\n"])
def test_proxy_with_an_endless_response(
    bench: Bench, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connect timeout covers the whole response of the proxy."""
    monkeypatch.setattr(http, "CONNECT_TIMEOUT", 0.5)

    def drip(connection: socket.socket, _: bytes) -> None:
        with suppress(OSError):
            connection.sendall(piece)
            while True:
                connection.sendall(b"A: b\r\n" if piece.endswith(b"\n") else b"a")
                time.sleep(0.05)

    with listening(drip) as port:
        transport = Transport(https_proxy=f"http://127.0.0.1:{port}", total=5)
        ctx = bench.context(transport)
        failure = failure_of(lambda: fetch_bytes(ctx, "https://example.invalid/a"))
    assert failure.code == "IGN4006"
    assert bench.lines.count("GET error: no answer in time") > 1


def test_proxy_with_a_truncated_response(bench: Bench) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nA: b\r\n") as port:
        ctx = bench.context(Transport(https_proxy=f"http://127.0.0.1:{port}", total=1))
        fails = failure_of(lambda: fetch_bytes(ctx, "https://example.invalid/a"))
    assert "the connection ended" in fails.hint


def test_connect_request_has_ipv6_in_brackets(bench: Bench) -> None:
    asked: list[bytes] = []
    with listening(lambda _, request: asked.append(request)) as port:
        ctx = bench.context(Transport(https_proxy=f"http://u:p@127.0.0.1:{port}", total=1))
        failure_of(lambda: fetch_bytes(ctx, "https://[2001:db8::1]/a"))
    lines = asked[0].split(b"\r\n")
    assert lines[:2] == [b"CONNECT [2001:db8::1]:443 HTTP/1.1", b"Host: [2001:db8::1]:443"]
    assert b"Proxy-Authorization: Basic dTpw" in lines


def test_proxy_that_dies_within_the_tunnel(bench: Bench) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as port:
        transport = Transport(https_proxy=f"http://127.0.0.1:{port}", total=1)
        ctx = bench.context(transport)
        failure = failure_of(lambda: fetch_bytes(ctx, "https://example.invalid/a"))
    assert failure.code == "IGN4006"
    assert "TLS" in failure.hint or "connection" in failure.hint


def answering(text: bytes) -> AbstractContextManager[int]:
    """Listens on a port, sends this text to each connection and closes it."""
    return listening(lambda connection, _: connection.sendall(text))
