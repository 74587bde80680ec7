# SPDX-License-Identifier: Apache-2.0
"""TLS with a certificate authority of the config, and proxies."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure
from ignition.config import x509
from ignition.resource.context import Transport
from ignition.resource.fetch import fetch_bytes
from ignition.resource.proxy import is_bypassed
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer

Bench = Any
Issue = Callable[..., Path]


def trusting(authority: Authority, **more: Any) -> Transport:
    return Transport(authorities=x509.parse_certificates(authority.pem, None), **more)


def test_certificate_authority_of_the_config_is_trusted(
    bench: Bench, authority: Authority, issue: Issue
) -> None:
    with HttpServer({"/a": b"x"}, tls=issue("127.0.0.1")) as server:
        assert fetch_bytes(bench.context(trusting(authority)), server.url("/a")) == b"x"


def test_unknown_authority_is_not_trusted(bench: Bench, issue: Issue) -> None:
    with (
        HttpServer({"/a": b"x"}, tls=issue("127.0.0.1")) as server,
        pytest.raises(Failure) as caught,
    ):
        fetch_bytes(bench.context(Transport(total=1)), server.url("/a"))
    assert caught.value.code == "IGN4006"
    assert "certificate is not trusted" in caught.value.hint
    assert server.requests == []


def test_certificate_for_another_name_is_not_trusted(
    bench: Bench, authority: Authority, issue: Issue
) -> None:
    with (
        HttpServer({"/a": b"x"}, tls=issue("example.org")) as server,
        pytest.raises(Failure) as caught,
    ):
        fetch_bytes(bench.context(trusting(authority, total=1)), server.url("/a"))
    assert "certificate is not trusted" in caught.value.hint


def test_transport_settings_do_not_leak_into_another_config(
    bench: Bench, authority: Authority, issue: Issue
) -> None:
    with HttpServer({"/a": b"x"}, tls=issue("127.0.0.1")) as server:
        ctx = bench.context(trusting(authority))
        assert fetch_bytes(ctx, server.url("/a")) == b"x"
        with pytest.raises(Failure):
            fetch_bytes(ctx.with_transport(Transport(total=1)), server.url("/a"))


def test_the_environment_adds_no_certificates(
    bench: Bench, authority: Authority, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority.certificate))
    with HttpServer({"/a": b"x"}, tls=issue("127.0.0.1")) as server, pytest.raises(Failure):
        fetch_bytes(bench.context(Transport(total=1)), server.url("/a"))


def test_slow_tls_body_ends_with_the_total_timeout(
    bench: Bench, authority: Authority, issue: Issue
) -> None:
    import time

    with HttpServer({"/a": Answer(body=b"ab", pause=30)}, tls=issue("127.0.0.1")) as server:
        started = time.monotonic()
        ctx = bench.context(trusting(authority, total=1))
        ctx.clock = time.monotonic
        with pytest.raises(Failure) as caught:
            fetch_bytes(ctx, server.url("/a"))
        assert caught.value.code == "IGN4006"
        assert time.monotonic() - started < 20


@pytest.mark.parametrize("said", [True, False], ids=["said", "not said"])
def test_tls_end_without_close_notify_is_an_incomplete_body(
    bench: Bench, authority: Authority, issue: Issue, said: bool
) -> None:
    """An attacker can cut a connection; only the server can send close_notify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issue("127.0.0.1"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection = context.wrap_socket(listener.accept()[0], server_side=True)
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nbody")
                    if said:
                        connection.settimeout(0)  # for the answer, it does not wait
                        connection.unwrap()
                except ssl.SSLWantReadError:
                    pass
                except OSError:
                    return
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/a"
        ctx = bench.context(trusting(authority))
        if said:
            assert fetch_bytes(ctx, url) == b"body"
        else:
            with pytest.raises(Failure) as caught:
                fetch_bytes(ctx, url)
            assert caught.value.code == "IGN4007"
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "text",
    [b"\n", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"%s\nmore text"],
    ids=["blank", "other text", "no end", "text after the last block"],
)
def test_invalid_pem_is_refused(authority: Authority, text: bytes) -> None:
    with pytest.raises(Failure) as caught:
        x509.parse_certificates(text.replace(b"%s", authority.pem), None)
    assert caught.value.code == "IGN4018"
    assert str(caught.value) == "unable to decode PEM block"


def test_empty_pem_has_no_certificates_as_in_ignition() -> None:
    assert x509.common_names(x509.parse_certificates(b"", None), None) == []


def test_pem_of_something_else_is_refused(bench: Bench) -> None:
    blob = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    found = x509.parse_certificates(blob, None)
    with pytest.raises(Failure) as caught:
        x509.common_names(found, None)
    assert caught.value.code == "IGN4018"


def test_text_before_blocks_and_several_blocks_are_accepted(authority: Authority) -> None:
    found = x509.parse_certificates(
        b"Bag attributes\n" + authority.pem + b"# 2\n" + authority.pem, None
    )
    assert len(found) == 2
    assert x509.common_names(found, None) == ["Test Authority"]


def test_http_proxy_serves_http_urls(bench: Bench) -> None:
    with HttpServer({"http://example.invalid/a": b"from the proxy"}) as proxy:
        ctx = bench.context(Transport(http_proxy=proxy.url()))
        assert fetch_bytes(ctx, "http://example.invalid/a?q=1") == b"from the proxy"
        assert proxy.requests[0].target == "http://example.invalid/a?q=1"


def test_http_proxy_does_not_serve_https_urls(bench: Bench) -> None:
    with HttpServer() as proxy, pytest.raises(Failure):
        ctx = bench.context(Transport(http_proxy=proxy.url(), total=1))
        fetch_bytes(ctx, "https://example.invalid/a")
    assert proxy.requests == []


def test_https_proxy_opens_a_tunnel(bench: Bench, authority: Authority, issue: Issue) -> None:
    with HttpServer({"/a": b"x"}, tls=issue("example.invalid")) as server, HttpServer() as proxy:
        ctx = bench.context(trusting(authority, https_proxy=proxy.url()))
        assert fetch_bytes(ctx, server.url("/a", host="example.invalid")) == b"x"
        seen = proxy.requests[0]
        assert (seen.method, seen.target) == ("CONNECT", f"example.invalid:{server.port}")


def test_proxy_that_is_itself_https(bench: Bench, authority: Authority, issue: Issue) -> None:
    with HttpServer({"http://example.invalid/a": b"x"}, tls=issue("127.0.0.1")) as proxy:
        ctx = bench.context(trusting(authority, http_proxy=proxy.url()))
        assert fetch_bytes(ctx, "http://example.invalid/a") == b"x"


def test_loopback_is_never_proxied(bench: Bench) -> None:
    with HttpServer() as proxy, HttpServer({"/a": b"x"}) as server:
        ctx = bench.context(Transport(http_proxy=proxy.url()))
        assert fetch_bytes(ctx, server.url("/a")) == b"x"
        assert proxy.requests == []


def test_no_proxy_is_honoured(bench: Bench) -> None:
    with HttpServer() as proxy, pytest.raises(Failure):
        transport = Transport(http_proxy=proxy.url(), no_proxy=("example.invalid",), total=1)
        fetch_bytes(bench.context(transport), "http://example.invalid/a")
    assert proxy.requests == []


@pytest.mark.parametrize(
    ("entry", "host", "port", "expected"),
    [
        ("*", "a.org", 80, True),
        ("10.0.0.0/8", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "11.1.2.3", 80, False),
        ("10.0.0.0/8", "ten.org", 80, False),
        ("fd00::/8", "fd00:ec2::254", 80, True),
        ("1.2.3.4", "1.2.3.4", 8080, True),
        ("1.2.3.4:80", "1.2.3.4", 80, True),
        ("1.2.3.4:80", "1.2.3.4", 81, False),
        ("[fd00::1]:80", "fd00::1", 80, True),
        ("fd00::1", "fd00::1", 80, True),
        ("foo.com", "foo.com", 80, True),
        ("foo.com", "a.foo.com", 80, True),
        ("foo.com", "afoo.com", 80, False),
        ("foo.com:80", "a.foo.com", 80, True),
        ("foo.com:80", "a.foo.com", 443, False),
        (".foo.com", "foo.com", 80, False),
        (".foo.com", "a.foo.com", 80, True),
        ("*.foo.com", "a.foo.com", 80, True),
        ("*.foo.com", "foo.com", 80, False),
        (" Foo.COM , other.org", "foo.com", 80, True),
        ("b\u00fccher.de", "xn--bcher-kva.de", 80, True),
        (":80", "foo.com", 80, False),
        ("foo.com:", "foo.com", 80, True),
        ("foo.com:080", "foo.com", 80, False),
        ("foo.com.", "foo.com", 80, False),
        (".", "foo.com", 80, False),
        ("0.1", "10.0.0.1", 80, True),
        (".0.1:80", "10.0.0.1", 80, True),
        ("0.1", "10.0.10.1", 80, False),
        ("[10.0.0.1]", "10.0.0.1", 80, False),
        ("10.0.0.0/255.0.0.0", "10.0.0.1", 80, False),
        ("10.0.0.0/99", "10.0.0.1", 80, False),
        ("", "foo.com", 80, False),
        ("other.org", "localhost", 80, True),
        ("other.org", "127.8.8.8", 80, True),
        ("other.org", "::1", 80, True),
        ("other.org", "169.254.169.254", 80, False),
    ],
)
def test_no_proxy_entries(entry: str, host: str, port: int, expected: bool) -> None:
    assert is_bypassed((entry,), host, port) is expected
