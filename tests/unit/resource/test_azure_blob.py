# SPDX-License-Identifier: Apache-2.0
"""Azure blobs, with azure-identity against fake services at the real addresses."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure, NotFound, Rejected
from ignition.base.origin import Origin
from ignition.resource.fetch import fetch_bytes
from ignition.resource.schemes import azure_blob
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer, Seen
from ignition.testbed.metadata.azure import TOKENS, Azure, Blobs
from tests.support.clouds import Cloud, cloud, needs_network

pytestmark = needs_network

Bench = Any
Issue = Callable[..., Path]
ORIGIN = Origin("config.ign", "/ignition/config/merge/0")
TOKEN = "eyJ.hush"
SIGNATURE = "hush="
PUBLIC = {"/c/public.ign": b"for all", "/c/deep/public.ign": b"for all"}
PRIVATE = {"/c/private.ign": b"for us"}
ACCOUNT = f"https://{Blobs.host}"
Metadata = Callable[[Seen], Answer]


class Cluster:
    """Starts both services and creates contexts. Fails if the token shows up in the log."""

    def __init__(self, bench: Bench, authority: Authority, issue: Issue) -> None:
        self._bench, self._authority, self._issue = bench, authority, issue
        bench.settings.platform = "azure"

    @contextmanager
    def running(
        self, metadata: Metadata | None, store: Blobs | None = None
    ) -> Iterator[tuple[Cloud, Any]]:
        store = store or Blobs(PUBLIC, PRIVATE, TOKEN, signature=SIGNATURE)
        with cloud(self._authority, self._issue, store, metadata) as both:
            yield both, self._bench.context(both.trusting())


@pytest.fixture
def azure(
    bench: Bench, authority: Authority, issue: Issue, capfd: pytest.CaptureFixture[str]
) -> Iterator[Cluster]:
    yield Cluster(bench, authority, issue)
    assert "hush" not in bench.text + "\n".join(bench.progress)
    assert capfd.readouterr() == ("", ""), "the libraries are quiet"


def failure_of(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as caught:
        call()
    return caught.value


def test_private_blob_with_managed_identity(azure: Cluster) -> None:
    with azure.running(Azure(None, token=TOKEN).answer) as (both, ctx):
        assert fetch_bytes(ctx, f"{ACCOUNT}/c/private.ign") == b"for us"
        assert fetch_bytes(ctx, f"{ACCOUNT}/c/public.ign") == b"for all"
        assert both.metadata.paths() == [TOKENS], "one token serves the run"
        assert both.store.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_one_token_lookup_serves_parallel_fetches(azure: Cluster) -> None:
    with azure.running(Azure(None, token=TOKEN).answer) as (both, ctx):
        with ThreadPoolExecutor(8) as pool:
            urls = [f"{ACCOUNT}/c/private.ign"] * 16
            assert list(pool.map(lambda url: fetch_bytes(ctx, url), urls)) == [b"for us"] * 16
        assert both.metadata.paths() == [TOKENS]


def test_config_headers_are_sent(azure: Cluster) -> None:
    headers = [("X-Ms-Version", "2021-08-06"), ("X-Mine", "1")]
    with azure.running(Azure(None, token=TOKEN).answer) as (both, ctx):
        assert fetch_bytes(ctx, f"{ACCOUNT}/c/private.ign", headers=headers) == b"for us"
        sent = both.store.requests[0].headers
        assert (sent["x-ms-version"], sent["x-mine"]) == ("2021-08-06", "1")


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"{ACCOUNT}/c/private.ign?sp=r&sig=hush%3D", []),
        (
            f"{ACCOUNT}/c/private.ign",
            [("authorization", f"Bearer {TOKEN}"), ("x-ms-version", "2020")],
        ),
    ],
    ids=["signed URL", "header"],
)
def test_credentials_in_the_config_win(
    azure: Cluster, url: str, headers: list[tuple[str, str | None]]
) -> None:
    with azure.running(Azure(None, token="hush of the machine").answer) as (both, ctx):
        assert fetch_bytes(ctx, url, headers=headers) == b"for us"
        assert both.metadata.requests == []
        assert len(both.store.requests) == 1


@pytest.mark.parametrize("path", ["/c/deep/public.ign", "/public.ign"])
def test_path_without_a_blob_is_plain_https(azure: Cluster, bench: Bench, path: str) -> None:
    store = Blobs({"/c/deep/public.ign": b"x", "/public.ign": b"x"}, {}, TOKEN)
    with azure.running(Azure(None, token=TOKEN).answer, store) as (both, ctx):
        assert fetch_bytes(ctx, f"{ACCOUNT}{path}") == b"x"
        assert both.metadata.requests == []
    assert "ensure url has a structure of /container/filename.ign" in bench.text


@pytest.mark.parametrize(
    ("platform", "host"),
    [("metal", Blobs.host), ("azurestack", Blobs.host), ("azure", "account.blob.example")],
)
def test_plain_https_off_azure(azure: Cluster, bench: Bench, platform: str, host: str) -> None:
    bench.settings.platform = platform
    store = Blobs({"/c/a": b"x"}, {}, TOKEN)
    store.host = host
    with azure.running(Azure(None, token=TOKEN).answer, store) as (both, ctx):
        assert fetch_bytes(ctx, f"https://{host}/c/a") == b"x"
        assert both.metadata.requests == []
        assert "authorization" not in both.store.requests[0].headers


@pytest.mark.parametrize("host", ["ACCOUNT.Blob.Core.Windows.net", f"{Blobs.host}:443"])
def test_host_spellings(azure: Cluster, host: str) -> None:
    with azure.running(Azure(None, token=TOKEN).answer) as (_, ctx):
        assert fetch_bytes(ctx, f"https://{host}/c/private.ign") == b"for us"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        pytest.param(Azure(None).answer, "Identity not found", id="no identity"),
        pytest.param(None, "no response from the IMDS endpoint", id="nobody there"),
        pytest.param(lambda _: Answer(delay=60), "no response", id="silence"),
        pytest.param(lambda _: Answer(500), "unavailable", id="errors"),
        pytest.param(lambda _: Answer(200, b"<html>hush"), "ClientAuth", id="no JSON"),
        pytest.param(lambda _: Answer(200, b'{"access_token": "hush"}'), "", id="half a token"),
        pytest.param(
            lambda _: Answer(200, b'{"access_token": "hu\\nsh", "expires_in": 9999}'),
            "no usable token",
            id="two lines",
        ),
        pytest.param(lambda _: Answer(hang_up=True), "no response", id="no http"),
    ],
)
def test_public_blob_without_a_token(
    azure: Cluster, monkeypatch: pytest.MonkeyPatch, metadata: Metadata | None, reason: str
) -> None:
    monkeypatch.setitem(azure_blob._TIMEOUTS, "read_timeout", 0.5)
    with azure.running(metadata) as (both, ctx):
        started = time.monotonic()
        assert fetch_bytes(ctx, f"{ACCOUNT}/c/public.ign") == b"for all"
        assert time.monotonic() - started < 10, "looking for one is bounded"
        count = metadata and len(both.metadata.requests)
        error = failure_of(lambda: fetch_bytes(ctx, f"{ACCOUNT}/c/private.ign", origin=ORIGIN))
        assert count == (metadata and len(both.metadata.requests)), "and done once"
    assert isinstance(error, NotFound)
    assert (error.code, error.origin) == ("IGN4004", ORIGIN)
    assert "fetched anonymously because" in error.hint
    assert reason in error.hint
    assert "hush" not in error.hint


def test_machine_without_permission(azure: Cluster, bench: Bench) -> None:
    store = Blobs(PUBLIC, PRIVATE, TOKEN, role=False)
    with azure.running(Azure(None, token=TOKEN).answer, store) as (both, ctx):
        assert fetch_bytes(ctx, f"{ACCOUNT}/c/public.ign") == b"for all"
        first, second = both.store.requests
        assert "authorization" in first.headers
        assert not {"authorization", "x-ms-version"} & second.headers.keys()
        error = failure_of(lambda: fetch_bytes(ctx, f"{ACCOUNT}/c/private.ign"))
    assert isinstance(error, Rejected)
    assert "this machine is refused: the server answers 403 Forbidden" in error.hint
    assert "fetching it anonymously" in bench.text


def test_missing_blob(azure: Cluster) -> None:
    with azure.running(Azure(None, token=TOKEN).answer) as (both, ctx):
        error = failure_of(lambda: fetch_bytes(ctx, f"{ACCOUNT}/c/none.ign"))
        assert len(both.store.requests) == 1
    assert isinstance(error, NotFound)


def test_incomplete_body_leaves_nothing_behind(azure: Cluster) -> None:
    """The body is interrupted, the machine loses access, and the blob becomes public."""
    path = "/c/public.ign"
    with azure.running(Azure(None, token=TOKEN).answer) as (both, ctx):
        both.store.first(path, Answer(body=b"another body", cut=7), Answer(403))
        assert fetch_bytes(ctx, ACCOUNT + path) == b"for all"
        assert len(both.store.requests) == 3


def test_token_does_not_follow_to_another_host(azure: Cluster) -> None:
    with (
        azure.running(Azure(None, token=TOKEN).answer) as (both, ctx),
        HttpServer({"/a": b"elsewhere"}) as other,
    ):
        both.store.answer("/c/private.ign", Answer(302, headers={"Location": other.url("/a")}))
        assert fetch_bytes(ctx, f"{ACCOUNT}/c/private.ign") == b"elsewhere"
        assert "authorization" not in other.requests[0].headers


def test_one_time_limit_covers_token_and_anonymous_fetch(azure: Cluster, bench: Bench) -> None:
    with azure.running(Azure(None, token=TOKEN).answer) as (both, _):
        both.store.answer("/c/public.ign", [Answer(500), Answer(500), Answer(403), Answer(500)])
        ctx = bench.context(both.trusting(total=3))
        error = failure_of(lambda: fetch_bytes(ctx, f"{ACCOUNT}/c/public.ign"))
    assert error.code == "IGN4006"
    assert bench.now == pytest.approx(3, abs=0.1)


def test_missing_library_is_logged_once(
    azure: Cluster, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with azure.running(Azure(None, token=TOKEN).answer) as (_, ctx):
        for _ in range(2):
            assert fetch_bytes(ctx, f"{ACCOUNT}/c/public.ign") == b"for all"
    assert bench.text.count("azure-identity cannot be used (") == 1


def test_environment_is_ignored(azure: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, "other")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with azure.running(Azure(None, token=TOKEN).answer) as (_, ctx):
        assert fetch_bytes(ctx, f"{ACCOUNT}/c/private.ign") == b"for us"
