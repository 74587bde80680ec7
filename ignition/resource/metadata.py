# SPDX-License-Identifier: Apache-2.0
"""What the metadata services of clouds have in common: fixed addresses, tokens, base64, gzip."""

from __future__ import annotations

from ignition.base.errors import Failure, NotFound
from ignition.base.origin import Origin
from ignition.resource import body
from ignition.resource.fetch import DEFAULT_OPTIONS, fetch_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ignition.resource.context import FetchContext
    from ignition.resource.fetch import RequestOptions

    Headers = Iterable[tuple[str, str | None]]

_GZIP_MAGIC = b"\x1f\x8b"


def user_data(
    ctx: FetchContext, url: str, *, headers: Headers = (), options: RequestOptions = DEFAULT_OPTIONS
) -> bytes:
    """The user data; b"" if the service answers 404, by which it means "no user data"."""
    try:
        return get(ctx, url, headers=headers, options=options)
    except NotFound:
        ctx.log.info(f"no user data: the metadata service of {ctx.settings.platform} answers 404")
        return b""


def required_user_data(ctx: FetchContext, url: str, *, headers: Headers = ()) -> bytes:
    """The user data of a service that answers 200 with an empty body if there is none.

    A 404 is an error there (IGN5501): it does not mean "no user data"."""
    try:
        return get(ctx, url, headers=headers)
    except NotFound as error:
        raise NotFound(
            "IGN5501",
            error.text,
            error.origin,
            hint=f"404 does not mean `no user data` on {ctx.settings.platform}: is this another platform,"
            " or the metadata service switched off?",
        ) from error


def get(
    ctx: FetchContext, url: str, *, headers: Headers = (), options: RequestOptions = DEFAULT_OPTIONS
) -> bytes:
    """GETs a URL of the service. Raises the same failures as `fetch_bytes`."""
    return fetch_bytes(
        ctx, service_url(ctx, url), headers=headers, origin=origin(ctx), options=options
    )


def token(ctx: FetchContext, url: str, *, headers: Headers) -> str:
    """PUTs a request for a token. Failure IGN5502 if the answer is not printable ASCII."""
    from ignition.resource.fetch import RequestOptions

    found = (
        get(ctx, url, headers=headers, options=RequestOptions("PUT"))
        .decode("utf-8", "replace")
        .strip()
    )
    if not found or not found.isascii() or not found.isprintable():
        raise Failure(
            "IGN5502",
            f"the metadata service of {ctx.settings.platform} returned no usable token",
            origin(ctx),
        )
    return found


def service_url(ctx: FetchContext, url: str) -> str:
    """The URL, rewritten to `settings.metadata_base` if a test server replaces the service."""
    base = ctx.settings.metadata_base
    if not base:
        return url
    return base.rstrip("/") + "/" + url.split("/", 3)[3]


def origin(ctx: FetchContext) -> Origin:
    """The origin for errors about this user data."""
    return Origin(f"user config from {ctx.settings.platform}")


def decode_base64(ctx: FetchContext, data: bytes) -> bytes:
    """Decodes base64 user data. Failure IGN5503 if it is anything else."""
    try:
        return body.decode_base64(data)
    except ValueError as error:
        raise Failure(
            "IGN5503",
            f"the user data is not base64, as {ctx.settings.platform} provides it",
            origin(ctx),
            hint="pass the config to the platform's tool in the form it expects, usually encoded once",
        ) from error


def decompress(ctx: FetchContext, data: bytes) -> bytes:
    """Decompresses gzip; returns other data unchanged."""
    if not data.startswith(_GZIP_MAGIC):
        return data
    return body.decompress(data, "the user data", origin(ctx))
