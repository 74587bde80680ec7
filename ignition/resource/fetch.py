# SPDX-License-Identifier: Apache-2.0
"""Fetches the resource at a URL of any scheme.

The result is complete, decompressed and verified. Otherwise a Failure names the URL (without user, query and
fragment, which may be secrets) and the place in the config that refers to it.
"""

from __future__ import annotations

from ignition.base import load_module
from ignition.base.errors import Failure, NeedNetwork
from ignition.base.record import record
from ignition.config import urls
from ignition.resource.body import Body, FileDestination, MemoryDestination

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    import requests

    from ignition.base.origin import Origin
    from ignition.config.model import Resource
    from ignition.resource.body import Destination
    from ignition.resource.context import FetchContext

# Scheme -> module in `schemes/`.
SCHEMES = {
    "data": "data",
    "http": "http",
    "https": "http",
    "tftp": "tftp",
    "s3": "s3",
    "arn": "s3",
    "gs": "gs",
}
# Hosts of Azure storage accounts. On Azure the machine may have access to private blobs.
AZURE_BLOBS = ".blob.core.windows.net"
# All others need the network. An empty URL has no contents, as in Ignition.
OFFLINE_SCHEMES = ("", "data")


@record
class RequestOptions:
    """An HTTP request to a metadata service that is not a plain GET.

    `retry_statuses` are HTTP statuses by which this service means "not yet". `privileged_port`: connect from
    a source port below 1023, which only root may bind.
    """

    method: str = "GET"
    body: bytes = b""
    retry_statuses: tuple[int, ...] = ()
    privileged_port: bool = False


DEFAULT_OPTIONS = RequestOptions()


@record
class Request:
    """One resource to fetch. `name` is the URL without secrets, for logs and errors.

    A header whose value is None is an error when the request is sent: it only serves to remove a header in a
    merge.

    The last three are for schemes built on http. `new_headers` computes additional headers for each attempt,
    because signatures expire; they are never sent to a redirect target. `on_response` sees every response
    below 500 first and returns True if the request is complete. `deadline` is a time of the context's clock
    that several requests share; 0 = this request has its own time limit.
    """

    url: str
    parts: urls.Url
    name: str
    headers: tuple[tuple[str, str | None], ...]
    origin: Origin | None
    options: RequestOptions = DEFAULT_OPTIONS
    new_headers: Callable[[], Iterable[tuple[str, str | None]]] | None = None
    on_response: Callable[[requests.Response], bool] | None = None
    deadline: float = 0.0


def fetch_bytes(
    ctx: FetchContext,
    url: str,
    *,
    headers: Iterable[tuple[str, str | None]] = (),
    verification: str | None = None,
    compression: str | None = None,
    origin: Origin | None = None,
    options: RequestOptions = DEFAULT_OPTIONS,
) -> bytes:
    """Fetches a URL into memory, decompressed and verified, at most `body.MEMORY_LIMIT` bytes.

    Raises NeedNetwork (IGN4003) if the run is offline, NotFound (IGN4004) for a 404 or the like in other
    schemes, else Failure. An empty URL gives b"" without verification.
    """
    name = display_name(url)
    memory = MemoryDestination(name, origin)
    _fetch(ctx, url, tuple(headers), memory, compression, verification, origin, options)
    return bytes(memory.data)


def fetch_to(ctx: FetchContext, resource: Resource, fileno: int, origin: Origin | None) -> None:
    """Fetches a resource of a config into an open file, from its current offset on.

    Raises the same failures as `fetch_bytes`; the contents of the file are undefined then.
    """
    url = resource.source or ""
    headers = tuple((header.name, header.value) for header in resource.http_headers)
    destination = FileDestination(fileno, display_name(url), origin)
    verification = resource.verification.hash
    _fetch(ctx, url, headers, destination, resource.compression, verification, origin)


def fetch_resource(ctx: FetchContext, resource: Resource, origin: Origin | None) -> bytes:
    """Fetches a resource of a config into memory. See `fetch_bytes`."""
    return fetch_bytes(
        ctx,
        resource.source or "",
        headers=[(header.name, header.value) for header in resource.http_headers],
        verification=resource.verification.hash,
        compression=resource.compression,
        origin=origin,
    )


def timeout_failure(request: Request, limit: float, reason: str) -> Failure:
    """Failure for a resource that took longer than `limit` seconds; `reason` is the last error."""
    return Failure(
        "IGN4006",
        f"unable to fetch resource in time: {request.name}",
        request.origin,
        hint=f"gave up after {limit:g} s; last error: {reason}",
    )


def needs_network(url: str) -> bool:
    """Whether this URL cannot be fetched offline."""
    return _parse(url, None).scheme not in OFFLINE_SCHEMES


def display_name(url: str) -> str:
    """The URL without possible secrets, for logs and errors."""
    try:
        return _parse(url, None).redacted()
    except Failure:
        return "an invalid URL"


def _fetch(
    ctx: FetchContext,
    url: str,
    headers: tuple[tuple[str, str | None], ...],
    destination: Destination,
    compression: str | None,
    verification: str | None,
    origin: Origin | None,
    options: RequestOptions = DEFAULT_OPTIONS,
) -> None:
    parts = _parse(url, origin)
    name = parts.redacted()
    body = Body(destination, name, origin, compression=compression, verification=verification)
    if not parts.scheme:
        return
    module = _scheme_module(ctx, parts, name, origin)
    module.fetch(ctx, Request(url, parts, name, headers, origin, options), body)
    body.end()


def _parse(url: str, origin: Origin | None) -> urls.Url:
    if url[:5] == "data:":  # do not scan file contents that may be megabytes long
        return urls.Url("data", "", None, "", "", "", "")
    try:
        return urls.parse(url)
    except ValueError as error:
        raise Failure("IGN4012", f"unable to parse url: {error}", origin) from error


def _scheme_module(ctx: FetchContext, parts: urls.Url, name: str, origin: Origin | None) -> Any:
    """Loads the module for a scheme. The others stay unloaded."""
    scheme = parts.scheme
    module = SCHEMES.get(scheme)
    if module is None:
        raise Failure(
            "IGN4001",
            f"unsupported source scheme: {scheme}",
            origin,
            hint=f"use one of {', '.join(SCHEMES)}",
        )
    if ctx.offline and scheme not in OFFLINE_SCHEMES:
        raise NeedNetwork("IGN4003", f"resource requires networking: {name}", origin)
    if scheme == "https" and ctx.settings.platform == "azure":
        module = "azure_blob" if parts.hostname().lower().endswith(AZURE_BLOBS) else module
    try:
        return load_module(f"ignition.resource.schemes.{module}")
    except ImportError as error:
        raise Failure(
            "IGN4019",
            f"{scheme} URLs cannot be fetched here: {error}",
            origin,
            hint="the initramfs was built without what this scheme needs",
        ) from error
