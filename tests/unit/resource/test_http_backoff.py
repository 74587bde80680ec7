# SPDX-License-Identifier: Apache-2.0
"""Backoff between attempts, and servers that ask for a longer delay."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.resource.backoff import Backoff
from ignition.resource.context import Transport
from ignition.resource.fetch import DEFAULT_OPTIONS, RequestOptions, fetch_bytes
from ignition.resource.schemes.http_time import parse_date, parse_retry_after
from ignition.testbed.httpserver import Answer, HttpServer

Bench = Any
X = Answer(body=b"x")


def told(status: int, wish: str) -> Answer:
    return Answer(status, headers={"Retry-After": wish})


@pytest.mark.parametrize(
    ("status", "options"),
    [
        (429, DEFAULT_OPTIONS),
        (503, DEFAULT_OPTIONS),
        (500, DEFAULT_OPTIONS),
        (429, RequestOptions(retry_statuses=(429,))),
        (410, RequestOptions(retry_statuses=(410,))),
    ],
)
def test_retry_after_is_honoured(bench: Bench, status: int, options: RequestOptions) -> None:
    with HttpServer({"/a": [told(status, "7"), X]}) as server:
        assert fetch_bytes(bench.context(), server.url("/a"), options=options) == b"x"
    assert bench.sleeps == [7]


def test_retry_after_with_a_date(bench: Bench) -> None:
    later = formatdate(time.time() + 30, usegmt=True)
    with HttpServer({"/a": [told(429, later), X]}) as server:
        assert fetch_bytes(bench.context(), server.url("/a")) == b"x"
    assert 20 < bench.sleeps[0] <= 30


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        pytest.param("0", 0.2, id="none: the usual pause"),
        pytest.param("3600", 120, id="too long: asked in between"),
        pytest.param("999999999999", 0.2, id="no number of seconds"),
        pytest.param("soon", 0.2, id="no time"),
        pytest.param("-5", 0.2, id="the past"),
        pytest.param("Tue, 24 Nov 2020 08:00:00 GMT", 0.2, id="a time in the past"),
    ],
)
def test_retry_after_is_capped_or_ignored(bench: Bench, wish: str, expected: float) -> None:
    with HttpServer({"/a": [told(503, wish), X]}) as server:
        fetch_bytes(bench.context(), server.url("/a"))
    assert bench.sleeps == [expected]


def test_retry_after_beyond_the_time_limit_is_ignored(bench: Bench) -> None:
    with HttpServer({"/a": [told(503, "60"), told(503, "60"), X]}) as server:
        assert fetch_bytes(bench.context(Transport(total=20)), server.url("/a")) == b"x"
    assert bench.sleeps == [0.2, 0.4]


def test_429_for_ever_ends_with_the_time_limit_and_the_reason(bench: Bench) -> None:
    ctx = bench.context(Transport(total=20))
    with HttpServer({"/a": told(429, "8")}) as server, pytest.raises(Failure) as caught:
        fetch_bytes(ctx, server.url("/a"))
    assert caught.value.code == "IGN4006"
    assert "429 Too Many Requests, asking for 8 s" in caught.value.hint
    assert bench.sleeps[:2] == [8, 8]


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_other_client_errors_are_final(bench: Bench, status: int) -> None:
    with HttpServer({"/a": [told(status, "1"), X]}) as server, pytest.raises(Failure):
        fetch_bytes(bench.context(), server.url("/a"))
    assert bench.sleeps == []


def test_server_error_for_a_minute_is_retried(bench: Bench) -> None:
    """500 for a minute of the context's clock."""
    with HttpServer() as server:
        server.answer("/a", Answer(500))
        real, ctx = bench._sleep, bench.context()

        def sleep(seconds: float) -> None:
            real(seconds)
            if bench.now >= 60:
                server.answer("/a", X)

        ctx.sleep = sleep
        assert fetch_bytes(ctx, server.url("/a")) == b"x"
    assert 60 <= bench.now < 65
    assert max(bench.sleeps) == 5


@pytest.mark.parametrize("clock", ["1970", "2100"])
def test_date_is_relative_to_the_server_clock(clock: str) -> None:
    headers = {
        "date": f"Thu, 01 Jan {clock} 00:00:00 GMT",
        "retry-after": f"Thu, 01 Jan {clock} 00:00:09 GMT",
    }
    assert parse_retry_after(headers) == 9


@pytest.mark.parametrize("text", ["", "x", "-5", "1 Jan 99999999999999999999 0:0:0", "\0"])
def test_invalid_date(text: str) -> None:
    assert parse_date(text) is None


def test_backoff_doubles_and_resets() -> None:
    backoff = Backoff()
    assert [backoff.next_delay(None, None) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    backoff.reset()
    assert [
        backoff.next_delay(None, None),
        backoff.next_delay(1.5, None),
        backoff.next_delay(None, 0.5),
    ] == [*(0.2, 1.5, 0.5)]
