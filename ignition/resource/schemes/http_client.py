# SPDX-License-Identifier: Apache-2.0
"""Adapters of requests with our certificates and timeouts, and readable reasons for its errors.

TLS trusts the system's certificates and those of the config, never the certifi bundle of requests.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time

from requests.adapters import HTTPAdapter

from ignition.base.errors import Failure
from ignition.resource import source_port
from ignition.resource.schemes.http_connection import POOLS, exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import requests

    from ignition.resource.context import FetchContext
    from ignition.resource.watch import Watch

# Connections kept open per host: as many as the files stage fetches in parallel.
_POOL_SIZE = 32
# Parallel fetches share one adapter: each new one would load the certificates again.
_adapters_lock = threading.Lock()


def adapter_for(ctx: FetchContext, *, secure: bool, privileged_port: bool = False) -> HTTPAdapter:
    """The adapter of this run for one set of certificates.

    Loading the system's certificates takes 50 ms, so an adapter without TLS loads none. A request from a
    privileged port gets a separate adapter, so that no other request uses that port."""
    if privileged_port:
        port = source_port.find_free()
        trusted = tls_context(ctx.transport.authorities) if secure else None
        return _Adapter(trusted, source_address=("", port))
    key = ("http", ctx.transport.authorities if secure else None)
    with _adapters_lock:
        found: HTTPAdapter | None = ctx.clients.get(key)
        if found is None:
            found = ctx.clients[key] = _new_adapter(ctx, secure=secure)
    return found


def _new_adapter(ctx: FetchContext, *, secure: bool) -> HTTPAdapter:
    if secure and not ssl.get_default_verify_paths().cafile:
        ctx.log.notice("no certificates of the system: only those of the config are trusted")
    return _Adapter(tls_context(ctx.transport.authorities) if secure else None)


def tls_context(authorities: tuple[bytes, ...]) -> ssl.SSLContext:
    """A TLS context that trusts the system and these authorities (DER). Failure IGN4018 if one is invalid."""
    context = ssl.create_default_context()
    # As in Ignition (Go): the host must be in subjectAltName, any trusted certificate may end a chain, and
    # RFC 5280 is not enforced to the letter, as Python does from 3.13 on.
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # A cut connection must not look like the end of a body without an announced length.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if authorities:
        try:
            context.load_verify_locations(cadata=b"".join(authorities))
        except (ssl.SSLError, ValueError) as error:
            raise Failure("IGN4018", "not an X.509 certificate") from error
    return context


def send(
    adapter: HTTPAdapter,
    request: requests.PreparedRequest,
    watch: Watch,
    *,
    timeout: tuple[float, float] | tuple[float, None],
    proxies: dict[str, str],
    target: str,
) -> requests.Response:
    """Sends a request and reads the response headers. Read the body with `body_reader`, in the same thread.

    `target` is the path and query for the request line. `timeout`: seconds to connect, and seconds until the
    headers are complete.
    """
    exchange.watch = watch
    exchange.target = target
    return adapter.send(request, stream=True, timeout=timeout, proxies=proxies)


def body_reader(response: requests.Response) -> Callable[[int], bytes]:
    """A function `read(limit)` that returns the bytes received so far, at most `limit`; b"" at the end.

    `Response.iter_content` would block until a chunk is full, and the watch could not tell a slow body from a
    dead one. Only the total timeout bounds a body, so this removes the timeout of the headers.
    """
    connection = exchange.socket
    if connection is not None:
        connection.settimeout(None)
    raw: Any = response.raw
    # urllib3 before 2.1 has no read1; the http.client response underneath has.
    read: Callable[[int], bytes] = getattr(raw, "read1", None) or raw._fp.read1
    return read


class _Adapter(HTTPAdapter):
    """An adapter with our TLS context and connection classes, both set the way urllib3 documents."""

    def __init__(self, context: ssl.SSLContext | None, **options: Any) -> None:
        self._tls: dict[str, Any] = {} if context is None else {"ssl_context": context}
        self._pool_options = options
        super().__init__(pool_maxsize=_POOL_SIZE)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        super().init_poolmanager(
            connections, maxsize, block, **options, **self._tls, **self._pool_options
        )
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        trust = self._tls and {**self._tls, "proxy_ssl_context": self._tls["ssl_context"]}
        manager = super().proxy_manager_for(proxy, **options, **trust)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Does nothing: the TLS context verifies already. requests would add its certifi bundle to it."""


def describe_error(error: BaseException) -> str:
    """Why a request failed, in a few words.

    Messages of requests and urllib3 contain the URL with its query, which may be a secret, so only the type
    and the text of the root cause are used."""
    cause = _root_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _describe_certificate_error(cause)
    if isinstance(cause, ssl.SSLError):
        return f"TLS: {(cause.reason or 'failed').replace('_', ' ').lower()}"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror).lower()
    prefix, _, status = str(cause).partition("Tunnel connection failed: ")
    if isinstance(cause, OSError) and not prefix and status[:3].isdigit():
        phrase = http.client.responses.get(int(status[:3]), "")
        return f"the proxy refuses the tunnel: {status[:3]} {phrase}".rstrip()
    names = {
        "ConnectTimeoutError": "no connection in time",
        "ReadTimeoutError": "no answer in time",
        "RemoteDisconnected": "the server closed the connection without a response",
        "IncompleteRead": "the connection ended",
        "BadStatusLine": "the response is not HTTP",
        "HTTPException": "the response is not HTTP",
        "LineTooLong": "the response is not HTTP",
        "UnknownProtocol": "the response is not HTTP",
        "ValueError": "the response is not HTTP",
    }
    name = type(cause).__name__
    return names.get(name, name)


def _root_cause(error: BaseException) -> BaseException:
    """The first error of a chain. Libraries keep it as reason, argument, __cause__ or __context__."""
    seen: list[BaseException] = []
    while error not in seen:
        seen.append(error)
        inside = [getattr(error, "reason", None), *reversed(error.args)]
        inside += [error.__cause__, error.__context__]
        error = next((one for one in inside if isinstance(one, BaseException)), error)
    return error


def _describe_certificate_error(error: ssl.SSLCertVerificationError) -> str:
    text = f"the server's certificate is not trusted: {error.verify_message}"
    not_yet_valid = 9  # X509_V_ERR_CERT_NOT_YET_VALID
    if error.verify_code == not_yet_valid:
        text += f" (the clock says {time.strftime('%Y-%m-%d', time.gmtime())})"
    return text
