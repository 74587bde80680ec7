# SPDX-License-Identifier: Apache-2.0
"""gs URLs, with google-auth against fake services at the real addresses."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ignition.base import digest
from ignition.base.errors import Failure, NeedNetwork, NotFound, Rejected
from ignition.base.origin import Origin
from ignition.resource.fetch import fetch_bytes
from ignition.resource.schemes import gs
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer, Seen
from ignition.testbed.metadata.gcp import ACCOUNT, Gcp, Storage
from tests.support.clouds import Cloud, cloud, needs_network
from tests.support.listening import listening

pytestmark = needs_network

Bench = Any
Issue = Callable[..., Path]
ORIGIN = Origin("config.ign", "/storage/files/0/contents")
TOKEN = "ya29.hush"
PUBLIC = {("bucket", "public.ign"): b"for all"}
PRIVATE = {("bucket", "private.ign"): b"for us", ("bucket", "a/b c/\u00fc%.ign"): b"deep"}
SCOPES, TOKENS = f"{ACCOUNT}scopes", f"{ACCOUNT}token"
Metadata = Callable[[Seen], Answer]


class Google:
    """Starts both services and creates contexts. Fails if the token shows up in the log."""

    def __init__(self, bench: Bench, authority: Authority, issue: Issue, folder: Path) -> None:
        self._bench, self._authority, self._issue = bench, authority, issue
        self.firmware = folder / "product_name"
        self.firmware.write_text("Google Compute Engine\n")
        bench.settings.dmi_dir = str(folder)

    @contextmanager
    def running(
        self, metadata: Metadata | None, store: Storage | None = None
    ) -> Iterator[tuple[Cloud, Any]]:
        store = store or Storage(PUBLIC, PRIVATE, TOKEN)
        with cloud(self._authority, self._issue, store, metadata) as both:
            yield both, self._bench.context(both.trusting())


@pytest.fixture
def google(bench: Bench, authority: Authority, issue: Issue, tmp_path: Path) -> Iterator[Google]:
    yield Google(bench, authority, issue, tmp_path)
    assert "hush" not in bench.text + "\n".join(bench.progress)


def failure_of(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as caught:
        call()
    return caught.value


def test_private_object_with_service_account(google: Google, bench: Bench) -> None:
    with google.running(Gcp(None, token=TOKEN).answer) as (both, ctx):
        assert fetch_bytes(ctx, "gs://bucket/private.ign?hush") == b"for us"
        assert both.metadata.paths() == [SCOPES, ACCOUNT, TOKENS]
        (asked,) = both.store.requests
        assert asked.target == "/storage/v1/b/bucket/o/private.ign?alt=media"
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert asked.headers["accept-encoding"] == "identity"
    assert "GET gs://bucket/private.ign: attempt #1" in bench.lines


@pytest.mark.parametrize("path", ["/a/b%20c/%C3%BC%25.ign", "//a/b c/\u00fc%25.ign"])
def test_object_name_is_one_path_segment(google: Google, path: str) -> None:
    with google.running(Gcp(None, token=TOKEN).answer) as (both, ctx):
        assert fetch_bytes(ctx, f"gs://bucket{path}") == b"deep"
        assert both.store.requests[0].path.endswith("/o/a%2Fb%20c%2F%C3%BC%25.ign")


def test_gzip_and_hash(google: Google) -> None:
    store = Storage({("b", "a"): zlib.compress(b"abc", wbits=31)}, {}, TOKEN)
    verification = f"sha512-{digest.sha512(b'abc')}"
    with google.running(None, store) as (_, ctx):
        got = fetch_bytes(ctx, "gs://b/a", compression="gzip", verification=verification)
        assert got == b"abc"


def test_one_token_lookup_serves_the_run(google: Google) -> None:
    with google.running(Gcp(None, token=TOKEN).answer) as (both, ctx):
        with ThreadPoolExecutor(8) as pool:
            names = ["public", "private"] * 16
            got = list(pool.map(lambda name: fetch_bytes(ctx, f"gs://bucket/{name}.ign"), names))
        assert got == [b"for all", b"for us"] * 16
        assert both.metadata.paths() == [SCOPES, ACCOUNT, TOKENS]


def test_expiring_token_is_renewed(google: Google) -> None:
    service = Gcp(None, token="hush of yesterday", lasts=60)
    with google.running(service.answer) as (both, ctx):
        both.store.answer("/storage/v1/b/bucket/o/first", b"")
        fetch_bytes(ctx, "gs://bucket/first")
        service.token = TOKEN
        assert fetch_bytes(ctx, "gs://bucket/private.ign") == b"for us"


@pytest.mark.parametrize("piece", [b"HTTP/1.1 100 C\r\n\r\n", b"H"])
def test_endless_answer_is_not_google(bench: Bench, piece: bytes) -> None:
    """Off Google Cloud, another server may use that address."""

    def drip(connection: socket.socket, _: bytes) -> None:
        with suppress(OSError):
            while True:
                connection.sendall(piece)
                time.sleep(0.05)

    with listening(drip) as port:
        bench.settings.metadata_base = f"http://127.0.0.1:{port}"
        bench.settings.dmi_dir = "/nowhere"
        assert not gs._on_google_cloud(bench.context())


def test_metadata_server_identifies_google_without_firmware(google: Google) -> None:
    google.firmware.unlink()
    with google.running(Gcp(None, token=TOKEN).answer) as (both, ctx):
        assert fetch_bytes(ctx, "gs://bucket/private.ign") == b"for us"
        assert both.metadata.paths()[:2] == ["/", SCOPES]


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param(None, id="nobody there"),
        pytest.param(lambda _: Answer(404), id="another cloud"),
        pytest.param(lambda _: Answer(delay=60), id="silence"),
        pytest.param(lambda _: Answer(hang_up=True), id="no http"),
    ],
)
def test_elsewhere_the_fetch_is_anonymous_within_a_second(
    google: Google, bench: Bench, metadata: Metadata | None
) -> None:
    google.firmware.write_text("Standard PC (Q35 + ICH9, 2009)\n")
    with google.running(metadata) as (both, ctx):
        started = time.monotonic()
        assert fetch_bytes(ctx, "gs://bucket/public.ign") == b"for all"
        assert time.monotonic() - started < 20, "silence lasts 60 s"
        assert fetch_bytes(ctx, "gs://bucket/public.ign") == b"for all"
        assert "authorization" not in both.store.requests[0].headers
        assert metadata is None or len(both.metadata.requests) == 1
    assert bench.lines.count("no token of this machine: it is not on Google's cloud") == 1


def test_library_is_not_loaded_elsewhere() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import ignition.resource.schemes.gs;"
        "print(*sys.modules)"
    )
    run = [sys.executable, "-c", program, str(Path(__file__).parents[3])]
    loaded = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()
    assert not [name for name in loaded if name.startswith(("google", "cryptography"))]


def test_machine_without_service_account(google: Google) -> None:
    with google.running(Gcp(None).answer) as (both, ctx):
        assert fetch_bytes(ctx, "gs://bucket/public.ign") == b"for all"
        error = failure_of(lambda: fetch_bytes(ctx, "gs://bucket/private.ign", origin=ORIGIN))
        assert both.metadata.paths() == [SCOPES]
    assert isinstance(error, Rejected)
    assert (error.code, error.origin) == ("IGN4005", ORIGIN)
    assert str(error) == "failed to fetch resource: gs://bucket/private.ign"
    assert error.hint == (
        "the server answers 401 Unauthorized; fetched anonymously because it has no service account"
    )


def test_missing_object(google: Google) -> None:
    with google.running(Gcp(None, token=TOKEN).answer) as (both, ctx):
        error = failure_of(lambda: fetch_bytes(ctx, "gs://bucket/none.ign", origin=ORIGIN))
        assert len(both.store.requests) == 1, "nobody else is asked for"
    assert isinstance(error, NotFound)
    assert (error.code, error.origin) == ("IGN4004", ORIGIN)
    assert str(error) == "resource not found: gs://bucket/none.ign"


def test_refused_account_falls_back_to_anonymous(google: Google, bench: Bench) -> None:
    with google.running(Gcp(None, token="hush-of-another-project").answer) as (both, ctx):
        assert fetch_bytes(ctx, "gs://bucket/public.ign") == b"for all"
        assert [("authorization" in seen.headers) for seen in both.store.requests] == [True, False]
    assert "this machine is refused: the server answers 401 Unauthorized" in bench.text


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(500), id="errors"),
        pytest.param(Answer(200, b"<html>hush"), id="no JSON"),
        pytest.param(Answer(200, b'{"access_token": "hush"}'), id="no time"),
        pytest.param(Answer(200, b'{"access_token": "hush", "expires_in": 1e400}'), id="never"),
        pytest.param(
            Answer(200, b'{"access_token": "hu\\nsh", "expires_in": 9999}'), id="two lines"
        ),
        pytest.param(Answer(200, b"[]"), id="another kind of JSON"),
        pytest.param(Answer(200, b"[" * 100_000), id="deep JSON"),
        pytest.param(Answer(403, b"hush"), id="refusal"),
    ],
)
def test_unavailable_token_falls_back_to_anonymous(
    google: Google, bench: Bench, answer: Answer
) -> None:
    with google.running(Gcp(None, token=TOKEN).answer) as (both, ctx):
        both.metadata.answer(TOKENS, answer)
        assert fetch_bytes(ctx, "gs://bucket/public.ign") == b"for all"
        assert bench.now <= 11, "looking for it is bounded"
        count = len(both.metadata.requests)
        error = failure_of(lambda: fetch_bytes(ctx, "gs://bucket/private.ign"))
        assert len(both.metadata.requests) == count, "and done once"
    assert "fetched anonymously because" in error.hint
    assert "hush" not in error.hint


def test_late_metadata_server_is_waited_for(google: Google) -> None:
    with google.running(Gcp(None, token=TOKEN).answer) as (both, ctx):
        both.metadata.first(SCOPES, Answer(503), Answer(503))
        both.metadata.first(TOKENS, Answer(500))
        assert fetch_bytes(ctx, "gs://bucket/private.ign") == b"for us"


def test_one_time_limit_covers_token_and_object(google: Google, bench: Bench) -> None:
    with google.running(Gcp(None, token=TOKEN).answer) as (both, _):
        both.metadata.answer(SCOPES, Answer(500))
        both.store.answer("/storage/v1/b/bucket/o/public.ign", Answer(500))
        ctx = bench.context(both.trusting(total=4))
        error = failure_of(lambda: fetch_bytes(ctx, "gs://bucket/public.ign"))
        assert error.code == "IGN4006"
        assert bench.now == pytest.approx(4, abs=0.1)
        both.metadata.answer(SCOPES, Gcp(None, token=TOKEN).answer(_scopes_request()))
        again = bench.context(both.trusting())
        again.clients = ctx.clients
        assert fetch_bytes(again, "gs://bucket/private.ign") == b"for us", "not given up for ever"


def _scopes_request() -> Seen:
    return Seen("GET", SCOPES, {"metadata-flavor": "Google"}, 0, ("", 0))


def test_temporary_store_errors_are_retried(google: Google) -> None:
    with google.running(Gcp(None, token=TOKEN).answer) as (both, ctx):
        path = "/storage/v1/b/bucket/o/private.ign"
        both.store.first(path, Answer(503), Answer(hang_up=True))
        assert fetch_bytes(ctx, "gs://bucket/private.ign") == b"for us"


def test_token_does_not_follow_to_another_host(google: Google) -> None:
    with (
        google.running(Gcp(None, token=TOKEN).answer) as (both, ctx),
        HttpServer({"/a": b"elsewhere"}) as other,
    ):
        location = {"Location": other.url("/a")}
        both.store.answer("/storage/v1/b/bucket/o/private.ign", Answer(307, headers=location))
        assert fetch_bytes(ctx, "gs://bucket/private.ign") == b"elsewhere"
        assert "authorization" not in other.requests[0].headers


def test_config_proxy_is_used_for_the_store_only(google: Google, bench: Bench) -> None:
    with google.running(Gcp(None, token=TOKEN).answer) as (both, _), HttpServer() as proxy:
        transport = both.trusting(http_proxy=proxy.url(), https_proxy=proxy.url())
        ctx = bench.context(transport)
        assert fetch_bytes(ctx, "gs://bucket/private.ign") == b"for us"
        assert [seen.target for seen in proxy.requests] == ["storage.googleapis.com:443"]


def test_environment_and_home_are_ignored(
    google: Google, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    (tmp_path / "application_default_credentials.json").write_text("{}")
    with google.running(Gcp(None, token=TOKEN).answer) as (_, ctx):
        assert fetch_bytes(ctx, "gs://bucket/private.ign") == b"for us"


def test_missing_library_is_logged_once(
    google: Google, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with google.running(Gcp(None, token=TOKEN).answer) as (_, ctx):
        for _ in range(2):
            assert fetch_bytes(ctx, "gs://bucket/public.ign") == b"for all"
    assert bench.text.count("google-auth cannot be used (") == 1


@pytest.mark.parametrize("url", ["gs:///a", "gs://bucket", "gs://bucket/", "gs:bucket/a"])
def test_url_without_an_object(bench: Bench, url: str) -> None:
    assert failure_of(lambda: fetch_bytes(bench.context(), url)).code == "IGN4240"


def test_needs_the_network(bench: Bench) -> None:
    with pytest.raises(NeedNetwork):
        fetch_bytes(bench.context(offline=True), "gs://bucket/a")


def test_not_found_stays_not_found(google: Google) -> None:
    store = Storage({}, {}, TOKEN)
    with google.running(Gcp(None).answer, store) as (both, ctx):
        both.store.answer("/storage/v1/b/b/o/a", Answer(404))
        assert isinstance(failure_of(lambda: fetch_bytes(ctx, "gs://b/a")), NotFound)
