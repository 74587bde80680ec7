# SPDX-License-Identifier: Apache-2.0
"""A machine whose clock has no battery: it is 1970, and no certificate is valid yet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.config import x509
from ignition.resource.context import FetchContext, Transport
from ignition.resource.fetch import fetch_bytes
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def in_1970(authority: Authority) -> Iterator[None]:
    """The clock is set to 1970 during the test. The certificate authority's certificate is from today."""
    now, since = time.time(), time.monotonic()
    time.clock_settime(time.CLOCK_REALTIME, 3600)
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, now + time.monotonic() - since)


def context(authority: Authority) -> FetchContext:
    transport = Transport(total=1, authorities=x509.parse_certificates(authority.pem, None))
    return FetchContext(Settings(), Log(lambda *_: None), transport=transport)


def test_certificate_error_mentions_the_clock(authority: Authority, in_1970: None) -> None:
    certificate = authority.issue("127.0.0.1")  # valid by this clock; the authority is not
    with HttpServer({"/a": b"x"}, tls=certificate) as server, pytest.raises(Failure) as caught:
        fetch_bytes(context(authority), server.url("/a"))
    assert caught.value.code == "IGN4006"
    assert "the clock says 1970-01-01" in caught.value.hint


def test_timeouts_do_not_depend_on_the_clock(authority: Authority, in_1970: None) -> None:
    with HttpServer({"/a": Answer(500), "/b": b"x"}) as server:
        assert fetch_bytes(context(authority), server.url("/b")) == b"x"
        started = time.monotonic()
        with pytest.raises(Failure) as caught:
            fetch_bytes(context(authority), server.url("/a"))
    assert caught.value.code == "IGN4006"
    assert 0.9 < time.monotonic() - started < 60
