# SPDX-License-Identifier: Apache-2.0
"""Fetches objects of a cloud with the machine's bearer token, or anonymously if it has none.

The token is looked up once per run, within `LIMIT` seconds and, as in Ignition, without the proxy and the
certificates of the config. A failed lookup never fails a fetch: a public object needs no token.
"""

from __future__ import annotations

import _thread

from ignition.base.errors import NotFound, Rejected
from ignition.base.record import record
from ignition.resource.fetch import Request
from ignition.resource.schemes import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.resource.body import Body
    from ignition.resource.context import FetchContext

    # (context, end) -> a valid token. `end` is a time of the context's clock. Raises NoToken.
    TokenSource = Callable[[FetchContext, float], str]

# Seconds.
LIMIT = 10.0


class NoToken(Exception):
    """The machine has no token. The text gives the reason, without secrets."""


@record
class Authentication:
    """How this machine authenticates to one cloud's object store.

    `find_source(ctx, end)` returns the machine's token source or raises NoToken; `end` is a time of the
    context's clock. `headers` are sent along with the token.
    """

    name: str
    find_source: Callable[[FetchContext, float], TokenSource]
    headers: tuple[tuple[str, str | None], ...] = ()


def fetch(ctx: FetchContext, request: Request, body: Body, authentication: Authentication) -> None:
    """Fetches the object into `body` with the machine's token, or anonymously if there is none or the server
    refuses it. One time limit covers everything. Raises the failures of the http scheme.

    A 404 is final: an object that does not exist for the machine does not exist for anybody.
    """
    deadline = ctx.deadline_after(ctx.time_limit())
    identity: _TokenCache = ctx.clients.setdefault(
        authentication.name, _TokenCache(authentication.find_source)
    )

    def authorization() -> tuple[tuple[str, str | None], ...]:
        return *authentication.headers, ("Authorization", f"Bearer {identity.token(ctx, deadline)}")

    try:
        identity.token(ctx, deadline)
        http.fetch(ctx, _object_request(request, deadline, authorization), body)
        return
    except NoToken as error:
        why = str(error)
    except NotFound:
        raise
    except Rejected as error:
        why = f"this machine is refused: {error.hint}"
        ctx.log.warning(f"{request.name}: {why}; fetching it anonymously")
    try:
        http.fetch(ctx, _object_request(request, deadline), body)
    except Rejected as error:
        error.hint = f"{error.hint}; fetched anonymously because {why}"
        raise


def _object_request(
    request: Request,
    deadline: float,
    authorization: Callable[[], tuple[tuple[str, str | None], ...]] | None = None,
) -> Request:
    return Request(
        request.url,
        request.parts,
        request.name,
        request.headers,
        request.origin,
        request.options,
        new_headers=authorization,
        deadline=deadline,
    )


class _TokenCache:
    """The machine's token for all fetches of a run. Files are fetched in parallel, so a lock makes one lookup
    serve all of them."""

    __slots__ = ("_find_source", "_lock", "_no_token_reason", "_source")

    def __init__(self, find_source: Callable[[FetchContext, float], TokenSource]) -> None:
        self._find_source = find_source
        self._lock = _thread.allocate_lock()
        self._source: TokenSource | None = None
        self._no_token_reason = ""

    def token(self, ctx: FetchContext, deadline: float) -> str:
        """A valid token. Raises NoToken, and from then on without another lookup, unless the deadline of this
        fetch cut the lookup short."""
        with self._lock:
            if self._no_token_reason:
                raise NoToken(self._no_token_reason)
            end = ctx.clock() + LIMIT
            cut_short = bool(deadline) and deadline < end
            if cut_short:
                end = deadline
            try:
                if self._source is None:
                    self._source = self._find_source(ctx, end)
                found = self._source(ctx, end)
                if not (found and found.isascii() and found.isprintable()):
                    raise NoToken("the metadata service returned no usable token")
                return found
            except NoToken as error:
                ctx.log.info(f"no token of this machine: {error}")
                if not cut_short:
                    self._no_token_reason = str(error)
                raise
