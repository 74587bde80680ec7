# SPDX-License-Identifier: Apache-2.0
"""Redirects: how many are followed, where to, and which headers are sent."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.resource.context import Transport
from ignition.resource.fetch import RequestOptions, fetch_bytes
from ignition.testbed.httpserver import Answer, HttpServer

Bench = Any


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as caught:
        call()
    return caught.value.code


def redirect(to: str, status: int = 302) -> Answer:
    return Answer(status, b"moved", headers={"Location": to})


GIVEN = [
    ("Authorization", "me"),
    ("X-Token", "t"),
    ("Accept", "text/plain"),
    ("User-Agent", "me"),
    ("Range", "bytes=0-"),
]


def only_ours_stay(sent: Mapping[str, str]) -> None:
    assert set(sent) == {"host", "user-agent", "accept", "accept-encoding"}
    assert sent["accept"].startswith("application/vnd.coreos.ignition")
    assert sent["accept-encoding"] == "identity"
    assert sent["user-agent"].startswith("Ignition/")


def test_redirect_on_the_same_server_drops_the_headers_of_the_config(bench: Bench) -> None:
    with HttpServer({"/a": redirect("b?x=1"), "/b": redirect("/c"), "/c": b"x"}) as server:
        assert fetch_bytes(bench.context(), server.url("/a"), headers=GIVEN) == b"x"
        assert [each.target for each in server.requests] == ["/a", "/b?x=1", "/c"]
        assert server.requests[0].headers["authorization"] == "me"
        only_ours_stay(server.requests[1].headers)
        only_ours_stay(server.requests[2].headers)


def test_redirect_to_another_origin_drops_the_headers_of_the_config(bench: Bench) -> None:
    with HttpServer({"/b": b"x"}) as other:
        with HttpServer({"/a": redirect(other.url("/b"), 307)}) as server:
            fetch_bytes(bench.context(), server.url("/a"), headers=GIVEN)
        only_ours_stay(other.requests[0].headers)


def test_each_attempt_starts_with_the_config_headers(bench: Bench) -> None:
    answers = [Answer(503), Answer(body=b"x")]
    with HttpServer({"/a": redirect("/b"), "/b": answers}) as server:
        fetch_bytes(bench.context(), server.url("/a"), headers=[("Authorization", "me")])
        seen = [(each.target, "authorization" in each.headers) for each in server.requests]
    assert seen == [("/a", True), ("/b", False), ("/a", True), ("/b", False)]


def test_relative_redirect_keeps_user_and_password_of_the_url(bench: Bench) -> None:
    with HttpServer({"/a": redirect("/b"), "/b": b"x"}) as server:
        fetch_bytes(bench.context(), server.url("/a", host="me:secret@127.0.0.1"))
        assert server.requests[1].headers["authorization"] == "Basic bWU6c2VjcmV0"
        server.answer("/a", redirect(server.url("/b")))
        fetch_bytes(bench.context(), server.url("/a", host="me:secret@127.0.0.1"))
        assert "authorization" not in server.requests[3].headers


PACKED = zlib.compress(b"hello", wbits=31)


@pytest.mark.parametrize("coding", ["gzip", "GZip "])
def test_gzip_encoded_body_after_a_redirect_is_decompressed(bench: Bench, coding: str) -> None:
    packed = Answer(body=PACKED, headers={"Content-Encoding": coding})
    with HttpServer({"/a": redirect("/b"), "/b": packed, "/c": packed}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == b"hello"
        assert fetch_bytes(bench.context(), server.url("/c")) == PACKED
        server.answer("/b", Answer(body=PACKED, headers={"Content-Encoding": "x-gzip"}))
        assert fetch_bytes(bench.context(), server.url("/a")) == PACKED


def test_interrupted_gzip_body_after_a_redirect_is_fetched_again(bench: Bench) -> None:
    headers = {"Content-Encoding": "gzip", "Accept-Ranges": "bytes", "ETag": '"1"'}
    answers = [Answer(body=PACKED, headers=headers, cut=12), Answer(body=PACKED, headers=headers)]
    with HttpServer({"/a": redirect("/b"), "/b": answers}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == b"hello"
        assert "range" not in server.requests[-1].headers


@pytest.mark.parametrize("body", [b"hello", PACKED[:-1], PACKED + b"more"])
def test_invalid_gzip_body_after_a_redirect_fails(bench: Bench, body: bytes) -> None:
    answer = Answer(body=body, headers={"Content-Encoding": "gzip"})
    with HttpServer({"/a": redirect("/b"), "/b": answer}) as server:
        assert code_of(lambda: fetch_bytes(bench.context(), server.url("/a"))) == "IGN4007"


def test_ten_redirects_are_followed_eleven_are_not(bench: Bench) -> None:
    chain = {f"/{n}": redirect(f"/{n + 1}") for n in range(1, 11)}
    with HttpServer({"/0": redirect("/1"), **chain, "/11": b"x"}) as server:
        assert fetch_bytes(bench.context(), server.url("/1")) == b"x"
        assert code_of(lambda: fetch_bytes(bench.context(), server.url("/0"))) == "IGN4013"


def test_redirect_loop_ends(bench: Bench) -> None:
    with HttpServer({"/a": redirect("/b"), "/b": redirect("/a")}) as server:
        assert code_of(lambda: fetch_bytes(bench.context(), server.url("/a"))) == "IGN4013"


@pytest.mark.parametrize(
    "to",
    ["file:///etc/passwd", "ftp://host/x", "data:,x", "tftp://host/x", "s3://bucket/x", "http://["],
)
def test_redirect_away_from_http_is_refused(bench: Bench, to: str) -> None:
    with HttpServer({"/a": redirect(to)}) as server:
        assert code_of(lambda: fetch_bytes(bench.context(), server.url("/a"))) == "IGN4014"


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (301, ("GET", b"")),
        (302, ("GET", b"")),
        (303, ("GET", b"")),
        (307, ("PUT", b"body")),
        (308, ("PUT", b"body")),
    ],
)
def test_method_and_body_after_a_redirect(
    bench: Bench, status: int, seen: tuple[str, bytes]
) -> None:
    with HttpServer({"/a": redirect("/b", status), "/b": b"x"}) as server:
        fetch_bytes(bench.context(), server.url("/a"), options=RequestOptions("PUT", b"body"))
        assert [(each.method, each.body) for each in server.requests] == [("PUT", b"body"), seen]


def test_redirect_without_location_is_a_failed_status(bench: Bench) -> None:
    with HttpServer({"/a": Answer(302)}) as server:
        assert code_of(lambda: fetch_bytes(bench.context(), server.url("/a"))) == "IGN4005"


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_head_stays_head(bench: Bench, status: int) -> None:
    with HttpServer({"/a": redirect("/b", status), "/b": b"x"}) as server:
        ctx = bench.context(Transport(total=1))
        with suppress(Failure):  # the body that is announced does not come
            fetch_bytes(ctx, server.url("/a"), options=RequestOptions("HEAD"))
        assert [seen.method for seen in server.requests[:2]] == ["HEAD", "HEAD"]
