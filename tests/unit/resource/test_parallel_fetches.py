# SPDX-License-Identifier: Apache-2.0
"""Parallel fetches: each thread reuses one connection."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ignition.config import x509
from ignition.resource.context import Transport
from ignition.resource.fetch import fetch_bytes
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer

THREADS = 8
COUNT = 48


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_connections_are_reused(
    bench: Any, authority: Authority, issue: Callable[..., Path], tls: bool, chunked: bool
) -> None:
    body = bytes(4096)
    answer = Answer(body=body, chunked=chunked, delay=0.02)
    routes = {f"/{number}": answer for number in range(COUNT)}
    certificates = x509.parse_certificates(authority.pem, None)
    with HttpServer(routes, tls=issue("127.0.0.1") if tls else None) as server:
        ctx = bench.context(Transport(authorities=certificates))
        with ThreadPoolExecutor(THREADS) as threads:
            urls = [server.url(path) for path in routes]
            found = list(threads.map(lambda url: fetch_bytes(ctx, url), urls))
    assert found == [body] * COUNT
    assert len({request.peer for request in server.requests}) <= THREADS
