# SPDX-License-Identifier: Apache-2.0
"""http against a real server on loopback."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ignition.base import digest
from ignition.base.errors import Failure, NotFound
from ignition.base.origin import Origin
from ignition.config.model import Resource
from ignition.resource.context import Transport
from ignition.resource.fetch import fetch_bytes, fetch_to
from ignition.resource.schemes import http
from ignition.resource.watch import Watch
from ignition.testbed.httpserver import Answer, HttpServer

Bench = Any
ORIGIN = Origin("config.ign", "/storage/files/0/contents")


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as caught:
        call()
    return caught.value.code


def test_body_and_log_lines(bench: Bench) -> None:
    with HttpServer({"/a": b"hello"}) as server:
        assert fetch_bytes(bench.context(), server.url("/a?token=secret")) == b"hello"
        assert bench.lines == [f"GET {server.url('/a')}: attempt #1", "GET result: OK"]


def test_default_headers(bench: Bench) -> None:
    with HttpServer({"/a": b""}) as server:
        fetch_bytes(bench.context(), server.url("/a"))
        sent = server.requests[0].headers
    assert sent["user-agent"].startswith("Ignition/")
    assert sent["accept"] == "application/vnd.coreos.ignition+json;version=3.6.0, */*;q=0.1"
    assert sent["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("user", "headers", "sent"),
    [
        ("me:p%3Aw", [], b"Basic " + base64.b64encode(b"me:p:w")),
        ("m%C3%BC%E2%82%AC", [], b"Basic " + base64.b64encode("m\u00fc\u20ac:".encode())),
        ("", [], b"Basic " + base64.b64encode(b":")),
        ("me:pw", [("AUTHORIZATION", "Bearer t")], b"Bearer t"),
    ],
    ids=["both", "no Latin-1", "empty", "a header counts before it"],
)
def test_basic_auth_from_the_url(
    bench: Bench, user: str, headers: list[tuple[str, str | None]], sent: bytes
) -> None:
    with HttpServer({"/a": b""}) as server:
        url = server.url("/a").replace("://", f"://{user}@")
        fetch_bytes(bench.context(), url, headers=headers)
        assert server.requests[0].headers["authorization"] == sent.decode()
    assert "@" not in bench.text


def test_blanks_around_a_header_value_are_stripped_as_in_ignition(bench: Bench) -> None:
    with HttpServer({"/a": b""}) as server:
        fetch_bytes(bench.context(), server.url("/a"), headers=[("X-One", " \ta b\t ")])
        assert server.requests[0].headers["x-one"] == "a b"


def test_config_headers_override_defaults_and_the_last_one_counts(
    bench: Bench,
) -> None:
    headers = [("ACCEPT", "text/plain"), ("X-One", "1"), ("x-one", "2"), ("Host", "elsewhere")]
    with HttpServer({"/a": b""}) as server:
        fetch_bytes(bench.context(), server.url("/a"), headers=headers)
        sent = server.requests[0].headers
        assert (sent["accept"], sent["x-one"]) == ("text/plain", "2")
        assert sent["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", None),
        ("", "b"),
        *[(f"X{character}A", "b") for character in "\0\t\n\r :ü@\x7f"],
        *[("X-A", f"a{character}b") for character in "\0\1\n\r\x1b\x7f"],
    ],
)
def test_invalid_header_fails_at_once(bench: Bench, name: str, value: str | None) -> None:
    with HttpServer({"/a": b""}) as server, pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), server.url("/a"), headers=[(name, value)])
    assert caught.value.code == ("IGN4040" if name and value else "IGN4015")
    assert server.requests == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Length", "5"),
        ("content-length", "x"),
        ("Transfer-Encoding", "chunked"),
        ("transfer-encoding", "x"),
        ("Trailer", "X"),
        ("Host", "elsewhere"),
    ],
)
def test_framing_header_is_not_sent(bench: Bench, name: str, value: str) -> None:
    with HttpServer({"/a": b"x"}) as server:
        ctx = bench.context()
        for headers in ([], [(name, value)]):
            assert fetch_bytes(ctx, server.url("/a"), headers=headers) == b"x"
        plain, given = server.requests
    assert (given.headers, given.body) == (plain.headers, b"")


@pytest.mark.parametrize("name", ["Connection", "Expect", "Upgrade", "TE", "Keep-Alive", "Cookie"])
def test_other_headers_are_sent_unchanged(bench: Bench, name: str) -> None:
    with HttpServer({"/a": b"x"}) as server:
        assert fetch_bytes(bench.context(), server.url("/a"), headers=[(name, "a")]) == b"x"
        assert server.requests[0].headers[name.lower()] == "a"


def test_password_in_the_url_is_sent_but_not_logged(bench: Bench) -> None:
    with HttpServer({"/a": Answer(403)}) as server:
        url = f"http://me:hush@127.0.0.1:{server.port}/a"
        with pytest.raises(Failure) as caught:
            fetch_bytes(bench.context(), url)
        assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert "hush" not in bench.text + str(caught.value) + caught.value.hint


def test_500_three_times_then_200(bench: Bench) -> None:
    with HttpServer({"/a": [Answer(500), Answer(502), Answer(503), Answer(body=b"x")]}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == b"x"
    assert bench.sleeps == [0.2, 0.4, 0.8]
    assert "GET result: Internal Server Error" in bench.lines


def test_backoff_doubles_up_to_five_seconds_until_the_total_timeout(bench: Bench) -> None:
    with HttpServer({"/a": Answer(500)}) as server, pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(Transport(total=20)), server.url("/a"), origin=ORIGIN)
    assert caught.value.code == "IGN4006"
    assert caught.value.origin == ORIGIN
    assert str(caught.value).startswith("unable to fetch resource in time: http://127.0.0.1")
    assert bench.sleeps[:-1] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert sum(bench.sleeps) == pytest.approx(20)


@pytest.mark.parametrize(
    ("argument", "total", "expected"), [(3, 0, 3), (3, 9, 3), (9, 3, 3), (0, 3, 3)]
)
def test_shorter_of_kernel_argument_and_total_timeout_counts(
    bench: Bench, argument: int, total: int, expected: int
) -> None:
    bench.settings.wait_fetch = argument
    ctx = bench.context(Transport(total=total))
    with HttpServer({"/a": Answer(500)}) as server:
        assert code_of(lambda: fetch_bytes(ctx, server.url("/a"))) == "IGN4006"
    assert sum(bench.sleeps) == pytest.approx(expected)


def test_refused_connection_is_retried(bench: Bench) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/a"
        assert code_of(lambda: fetch_bytes(bench.context(Transport(total=1)), url)) == "IGN4006"
    assert bench.lines.count("GET error: connection refused") == 3


def test_404_is_not_found_at_once(bench: Bench) -> None:
    with HttpServer() as server, pytest.raises(NotFound) as caught:
        fetch_bytes(bench.context(), server.url("/a?key=secret"), origin=ORIGIN)
    assert caught.value.code == "IGN4004"
    assert str(caught.value) == f"resource not found: {server.url('/a')}"
    assert bench.sleeps == []


@pytest.mark.parametrize("status", [201, 206, 304, 400, 401, 403, 410, 429])
def test_other_statuses_fail_at_once(bench: Bench, status: int) -> None:
    with HttpServer({"/a": Answer(status, b"x")}) as server:
        assert code_of(lambda: fetch_bytes(bench.context(), server.url("/a"))) == "IGN4005"
    assert len(server.requests) == 1


def test_204_is_success_without_bytes(bench: Bench) -> None:
    with HttpServer({"/a": Answer(204)}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == b""


def test_silent_server_ends_with_the_total_timeout(bench: Bench) -> None:
    with HttpServer({"/a": Answer(delay=60)}) as server:
        started = time.monotonic()
        ctx = bench.context(Transport(total=1, headers=0))
        ctx.clock = time.monotonic
        assert code_of(lambda: fetch_bytes(ctx, server.url("/a"))) == "IGN4006"
        assert 0.9 < time.monotonic() - started < 30


def test_late_headers_are_retried(bench: Bench) -> None:
    with HttpServer({"/a": [Answer(delay=5), Answer(body=b"x")]}) as server:
        assert fetch_bytes(bench.context(Transport(headers=1)), server.url("/a")) == b"x"
    assert "GET error: no answer in time" in bench.lines


def test_body_may_pause_longer_than_the_header_timeout(bench: Bench) -> None:
    with HttpServer({"/a": Answer(body=b"abcd", pause=1.5)}) as server:
        assert fetch_bytes(bench.context(Transport(headers=1)), server.url("/a")) == b"abcd"
    assert len(server.requests) == 1


def test_slow_body_is_announced(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "Watch", partial(Watch, interval=0.2))
    with HttpServer({"/a": Answer(body=bytes(4096), pause=0.5)}) as server:
        url = server.url("/a")
        fetch_bytes(bench.context(), url)
    assert f"waiting 0 s for {url}: 2 of 4 KiB received" in bench.progress


def test_dripping_body_ends_with_the_total_timeout(bench: Bench) -> None:
    with HttpServer({"/a": Answer(body=b"x" * 1000, drip=0.05)}) as server:
        started = time.monotonic()
        ctx = bench.context(Transport(total=1))
        ctx.clock = time.monotonic
        assert code_of(lambda: fetch_bytes(ctx, server.url("/a"))) == "IGN4006"
        assert time.monotonic() - started < 30


def test_dripping_headers_end_with_the_total_timeout(bench: Bench) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def drip() -> None:
        connection, _ = listener.accept()
        try:
            for _ in range(1000):
                connection.sendall(b"H" if _ else b"HTTP/1.1 200 OK\r\nX: ")
                time.sleep(0.1)
        except OSError:
            pass

    threading.Thread(target=drip, daemon=True).start()
    started = time.monotonic()
    ctx = bench.context(Transport(total=1))
    ctx.clock = time.monotonic
    assert code_of(lambda: fetch_bytes(ctx, url)) == "IGN4006"
    assert time.monotonic() - started < 30
    listener.close()


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(Answer(body=b"0123456789", cut=4), id="truncated"),
        pytest.param(Answer(body=b"0123456789", cut=4, reset=True), id="reset in mid-body"),
        pytest.param(Answer(body=b"0123", length="10", cut=4), id="shorter than announced"),
        pytest.param(Answer(body=b"0123", length="ten"), id="length is no number"),
        pytest.param(Answer(body=b"0123", length="4, 5"), id="several lengths"),
        pytest.param(Answer(body=b"0123456789", chunked=True, cut=8), id="broken chunk"),
        pytest.param(Answer(body=b"0123456789", chunked=True, cut=15), id="no last chunk"),
    ],
)
def test_incomplete_body_is_never_used(bench: Bench, bad: Answer, tmp_path: Path) -> None:
    with HttpServer({"/a": bad, "/b": [bad, Answer(body=b"whole body")]}) as server:
        with pytest.raises(Failure) as caught:
            fetch_bytes(bench.context(), server.url("/a"))
        assert caught.value.code == "IGN4007"
        assert len(server.requests) == 4, "tried again, but not for ever"
        descriptor = os.open(tmp_path / "b", os.O_RDWR | os.O_CREAT)
        resource = Resource({"source": server.url("/b")})
        fetch_to(bench.context(), resource, descriptor, ORIGIN)
        os.close(descriptor)
    assert (tmp_path / "b").read_bytes() == b"whole body", "nothing of the first try remains"


def test_server_that_hangs_up_is_retried(bench: Bench) -> None:
    with HttpServer({"/a": [Answer(hang_up=True), Answer(body=b"x")]}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == b"x"


def test_body_without_length_ends_with_the_connection(bench: Bench) -> None:
    with HttpServer({"/a": Answer(body=b"abc", length="")}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == b"abc"


def test_connection_closed_within_the_headers_is_retried(bench: Bench) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up_early() -> None:
        for answer in (b"HTTP/1.1 200 OK\r\nX-A: b\r\n", b"HTTP/1.1 200 OK\r\n\r\nwhole"):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    threading.Thread(target=hang_up_early, daemon=True).start()
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert fetch_bytes(bench.context(), url) == b"whole"


@pytest.mark.parametrize("status", [b"100 Continue", b"103 Early Hints", b"199 Odd"])
def test_provisional_responses_are_skipped(bench: Bench, status: bytes) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            early = b"HTTP/1.1 " + status + b"\r\nLink: </b>\r\n\r\n"
            connection.sendall(early * 2 + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

    threading.Thread(target=answer, daemon=True).start()
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert fetch_bytes(bench.context(), url) == b"x"


def test_chunked_body(bench: Bench) -> None:
    with HttpServer({"/a": Answer(body=b"abc" * 100_000, chunked=True)}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == b"abc" * 100_000


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip", "identity", "chunked, chunked"])
def test_unknown_transfer_encoding_is_never_used(bench: Bench, coding: str) -> None:
    answer = Answer(body=b"3\r\nabc\r\n0\r\n\r\n", headers={"Transfer-Encoding": coding})
    with HttpServer({"/a": answer}) as server:
        assert code_of(lambda: fetch_bytes(bench.context(), server.url("/a"))) == "IGN4007"


def test_content_encoding_is_ignored(bench: Bench) -> None:
    packed = zlib.compress(b"abc", wbits=31)
    answer = Answer(body=packed, headers={"Content-Encoding": "gzip"})
    with HttpServer({"/a": answer}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == packed


def test_gzip_and_hash_of_the_decompressed_bytes(bench: Bench) -> None:
    with HttpServer({"/a": zlib.compress(b"abc", wbits=31)}) as server:
        verification = "sha512-" + digest.sha512(b"abc").upper()
        url = server.url("/a")
        got = fetch_bytes(bench.context(), url, compression="gzip", verification=verification)
    assert got == b"abc"


def test_wrong_hash_fails_at_once(bench: Bench) -> None:
    with HttpServer({"/a": b"abc"}) as server, pytest.raises(Failure) as caught:
        fetch_bytes(bench.context(), server.url("/a"), verification="sha256-" + "0" * 64)
    assert caught.value.code == "IGN4011"
    assert "hash verification failed (calculated ba7816bf" in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url", ["http:", "http://", "http:foo", "http://:80/", "http://a:99999/", "http://*/"]
)
def test_valid_url_that_cannot_be_requested(bench: Bench, url: str) -> None:
    assert code_of(lambda: fetch_bytes(bench.context(Transport(total=1)), url)) == "IGN4012"


def test_environment_is_ignored(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with HttpServer() as proxy, HttpServer({"/a": b"x"}) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        assert fetch_bytes(bench.context(), server.url("/a")) == b"x"
        assert proxy.requests == []
        assert "authorization" not in server.requests[0].headers


def test_cookies_are_not_kept(bench: Bench) -> None:
    answer = Answer(body=b"x", headers={"Set-Cookie": "a=b"})
    with HttpServer({"/a": answer}) as server:
        ctx = bench.context()
        fetch_bytes(ctx, server.url("/a"))
        fetch_bytes(ctx, server.url("/a"))
        assert "cookie" not in server.requests[1].headers


def test_connection_is_reused(bench: Bench) -> None:
    with HttpServer({"/a": b"x" * 1_000_000}) as server:
        ctx = bench.context()
        for _ in range(3):
            fetch_bytes(ctx, server.url("/a"))
        assert len({request.peer for request in server.requests}) == 1


def test_body_beyond_the_memory_limit_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = zlib.compress(bytes(80 * 1024 * 1024), wbits=31)
    with HttpServer({"/a": bomb}) as server:
        url = server.url("/a")
        got = code_of(lambda: fetch_bytes(bench.context(), url, compression="gzip"))
    assert got == "IGN4008"


@pytest.mark.parametrize("size", ["67108865", "9" * 18])
def test_announced_length_beyond_the_memory_limit_is_refused_at_once(
    bench: Bench, size: str
) -> None:
    with HttpServer({"/a": Answer(body=b"x", length=size)}) as server:
        assert code_of(lambda: fetch_bytes(bench.context(), server.url("/a"))) == "IGN4008"
        assert len(server.requests) == 1


def test_file_has_no_memory_limit(bench: Bench, tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(80 * 1024 * 1024), wbits=31)
    with HttpServer({"/a": bomb}) as server, open(tmp_path / "a", "wb") as file:
        resource = Resource({"source": server.url("/a"), "compression": "gzip"})
        fetch_to(bench.context(), resource, file.fileno(), ORIGIN)
    assert (tmp_path / "a").stat().st_size == 80 * 1024 * 1024


def test_name_that_does_not_resolve_is_retried(bench: Bench) -> None:
    url = "http://does-not-exist.invalid/a?secret"
    assert code_of(lambda: fetch_bytes(bench.context(Transport(total=1)), url)) == "IGN4006"
    assert "secret" not in bench.text
    assert "GET error:" in bench.text


def test_parallel_fetches_do_not_mix(bench: Bench) -> None:
    names = [f"/{number}" for number in range(64)]
    with HttpServer({name: name.encode() * 1000 for name in names}) as server:
        ctx = bench.context()
        with ThreadPoolExecutor(16) as pool:
            got = list(pool.map(lambda name: fetch_bytes(ctx, server.url(name)), names))
        peers = {request.peer for request in server.requests}
    assert got == [name.encode() * 1000 for name in names]
    assert len(peers) <= 32
