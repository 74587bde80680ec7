# SPDX-License-Identifier: Apache-2.0
"""What the metadata services of clouds have in common: fixed addresses, tokens, base64."""

from __future__ import annotations

import binascii

from ignition.base.errors import Failure, NotFound
from ignition.base.origin import Origin
from ignition.resource.body import Body, MemoryDestination
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
    """The user data, none where the service says by 404 that there is none."""
    try:
        return get(ctx, url, headers=headers, options=options)
    except NotFound:
        ctx.log.info(f"no user data: the metadata service of {ctx.settings.platform} answers 404")
        return b""


def required_user_data(ctx: FetchContext, url: str, *, headers: Headers = ()) -> bytes:
    """The user data of a service that says by an empty answer that there is none, and never by 404: that is
    IGN5501."""
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
    """What the service has at a URL. Failures are those of `fetch_bytes`."""
    return fetch_bytes(
        ctx, service_url(ctx, url), headers=headers, origin=origin(ctx), options=options
    )


def token(ctx: FetchContext, url: str, *, headers: Headers) -> str:
    """The token that the service wants to see with the next request. What is none is IGN5502."""
    from ignition.resource.fetch import RequestOptions

    found = (
        get(ctx, url, headers=headers, options=RequestOptions("PUT"))
        .decode("utf-8", "replace")
        .strip()
    )
    if not found or not found.isascii() or not found.isprintable():
        raise Failure(
            "IGN5502",
            f"the metadata service of {ctx.settings.platform} gives no usable token",
            origin(ctx),
        )
    return found


def service_url(ctx: FetchContext, url: str) -> str:
    """The URL, or its path and query at the server that stands in for the service."""
    base = ctx.settings.metadata_base
    if not base:
        return url
    return base.rstrip("/") + "/" + url.split("/", 3)[3]


def origin(ctx: FetchContext) -> Origin:
    """How errors name what comes from here."""
    return Origin(f"user config from {ctx.settings.platform}")


def decode_base64(ctx: FetchContext, data: bytes) -> bytes:
    """base64 taken off: the standard alphabet, with padding; only line ends are ignored. IGN5503."""
    text = data.replace(b"\r", b"").replace(b"\n", b"")
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise Failure(
            "IGN5503",
            f"the user data is not the base64 that {ctx.settings.platform} hands out",
            origin(ctx),
            hint="give the config to the platform's tool as it expects it, usually encoded once",
        ) from error


def decompress(ctx: FetchContext, data: bytes) -> bytes:
    """gzip taken off, where it is on."""
    if not data.startswith(_GZIP_MAGIC):
        return data
    where = origin(ctx)
    memory = MemoryDestination("the user data", where)
    body = Body(memory, "the user data", where, compression="gzip")
    body.begin()
    body.write(data)
    body.end()
    return bytes(memory.data)
