# SPDX-License-Identifier: Apache-2.0
"""Objects that a cloud gives to the machine itself: by http with a token, and without where there is none.

Looking a token up is bounded by `LIMIT`, past the config's proxy and certificates as in the original, and
done once for a run. What fails about it never stops a fetch: a public object needs no token.
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

    # Gives the token, a new one when the old ends, until a time by the clock of the context. Raises NoToken.
    Source = Callable[[FetchContext, float], str]

# Seconds.
LIMIT = 10.0


class NoToken(Exception):
    """The machine has no token here. The text says why, without what may be secret."""


@record
class Cloud:
    """How a cloud is told who asks.

    `find` looks at the machine and gives the source of its tokens; its arguments are those of a source, and
    it raises NoToken. `headers` go with the token.
    """

    name: str
    find: Callable[[FetchContext, float], Source]
    headers: tuple[tuple[str, str | None], ...] = ()


def fetch(ctx: FetchContext, request: Request, body: Body, cloud: Cloud) -> None:
    """Gets the object into `body` by http, with the machine's token; where the server refuses it, or there
    is none, without. One limit covers all of it. Raises what the http scheme does.

    An object that is not there for the machine is there for nobody.
    """
    deadline = ctx.until(ctx.limit())
    identity: _Identity = ctx.clients.setdefault(cloud.name, _Identity(cloud.find))

    def proof() -> tuple[tuple[str, str | None], ...]:
        return *cloud.headers, ("Authorization", f"Bearer {identity.token(ctx, deadline)}")

    try:
        identity.token(ctx, deadline)
        http.fetch(ctx, _asked(request, deadline, proof), body)
        return
    except NoToken as error:
        why = str(error)
    except NotFound:
        raise
    except Rejected as error:
        why = f"this machine is refused: {error.hint}"
        ctx.log.warning(f"{request.name}: {why}; it is asked for anonymously")
    try:
        http.fetch(ctx, _asked(request, deadline), body)
    except Rejected as error:
        error.hint = f"{error.hint}; asked for anonymously, because {why}"
        raise


def _asked(
    request: Request,
    deadline: float,
    proof: Callable[[], tuple[tuple[str, str | None], ...]] | None = None,
) -> Request:
    return Request(
        request.url,
        request.parts,
        request.name,
        request.headers,
        request.origin,
        request.ask,
        fresh=proof,
        deadline=deadline,
    )


class _Identity:
    """What is known about the tokens of this machine, for all fetches of a run. Files are fetched side by
    side: one lookup serves all."""

    __slots__ = ("_find", "_lock", "_source", "_why_none")

    def __init__(self, find: Callable[[FetchContext, float], Source]) -> None:
        self._find = find
        self._lock = _thread.allocate_lock()
        self._source: Source | None = None
        self._why_none = ""

    def token(self, ctx: FetchContext, deadline: float) -> str:
        """The token. Raises NoToken, and then at once for the rest of the run, unless only the deadline of
        this fetch cut the search short."""
        with self._lock:
            if self._why_none:
                raise NoToken(self._why_none)
            end = ctx.clock() + LIMIT
            cut_short = bool(deadline) and deadline < end
            if cut_short:
                end = deadline
            try:
                if self._source is None:
                    self._source = self._find(ctx, end)
                found = self._source(ctx, end)
                if not (found and found.isascii() and found.isprintable()):
                    raise NoToken("the metadata service gives no usable token")
                return found
            except NoToken as error:
                ctx.log.info(f"no token of this machine: {error}")
                if not cut_short:
                    self._why_none = str(error)
                raise
