# SPDX-License-Identifier: Apache-2.0
"""tftp: the protocol of network boot.

As Ignition's, but: an IPv6 address needs no port, all addresses of a name are tried, and
what fails without a word of the server is tried again.
"""

from __future__ import annotations

import _socket

from ignition.base.errors import Failure, NotFound, Rejected
from ignition.config import urls
from ignition.resource.backoff import Backoff
from ignition.resource.fetch import timeout_failure
from ignition.resource.schemes import tftp_transfer
from ignition.resource.schemes.tftp_transfer import ServerError, Transfer, TransferFailed
from ignition.resource.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ignition.resource.body import Body
    from ignition.resource.context import FetchContext
    from ignition.resource.fetch import Request

PORT = 69
# The original gives up after 30 to 35 s of silence, and at once where a name does not resolve. Without a
# limit this goes on until both are over: a network that comes up late is worth waiting for, a server that
# always breaks off must not hold a boot for ever.
MIN_RETRY_TIME = 120.0
MIN_ATTEMPTS = 4
# Where a server has another address, this one is not waited for to the end.
_SENDS_PER_ADDRESS = 2
_FILE_NOT_FOUND = 1
_CHUNK = 64 * 1024


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Gets the file into `body`.

    What the server says itself is final: NotFound IGN4221, Rejected IGN4222. Anything else is tried again
    as `Backoff` says, until `ctx.time_limit()` is over (IGN4006), or without one for two minutes and
    four tries (IGN4223). Names are looked up for each try. A transfer that goes on is not cut off by the
    config's total timer, which the original does not use here, but by `ignition.wait.fetch=` alone.
    """
    host, port, name = _target(request)
    limit, end = ctx.time_limit(), float(ctx.settings.wait_fetch)
    started = ctx.clock()
    backoff = Backoff()
    attempt = 0

    def elapsed() -> float:
        return ctx.clock() - started

    def time_left() -> float:
        return end - elapsed() if end else float("inf")

    with Watch(ctx.progress, request.name, limit=end) as watch:
        while True:
            attempt += 1
            ctx.log.info(f"GET {request.name}: attempt #{attempt}")
            try:
                _read_file(ctx, host, port, name, body, time_left, watch)
                ctx.log.info("GET result: OK")
                return
            except ServerError as error:
                raise _server_failure(request, error) from error
            except UnicodeError as error:
                raise _invalid_url(request, "this is no host name") from error
            except (TransferFailed, OSError) as error:
                watch.received = 0
                watch.reason = reason = _describe(error)
            ctx.log.info(f"GET error: {reason}")
            if not limit and attempt >= MIN_ATTEMPTS and elapsed() >= MIN_RETRY_TIME:
                raise _give_up(request, attempt, reason)
            remaining = max(0.0, limit - elapsed()) if limit else None
            if remaining != 0:
                ctx.sleep(backoff.next_delay(None, remaining))
            if limit and elapsed() >= limit:
                raise timeout_failure(request, limit, reason)


def _target(request: Request) -> tuple[str, int, bytes]:
    """Host, port and file name. The name is the path, with its leading slash as the original sends it."""
    host = request.parts.hostname()
    port = request.parts.port() or str(PORT)
    if not host:
        raise _invalid_url(request, "it has no host")
    # Longer ones are no ports, and Python refuses to read thousands of digits.
    if len(port) > 5 or not 0 < int(port) < 65536:
        raise _invalid_url(request, "this is no port")
    name = urls.unescape_bytes(request.parts.path)
    if b"\0" in name:
        raise _invalid_url(request, "its path has a zero byte, which ends a name")
    return host, int(port), name


def _read_file(
    ctx: FetchContext,
    host: str,
    port: int,
    name: bytes,
    body: Body,
    time_left: Callable[[], float],
    watch: Watch,
) -> None:
    """One try: the whole file from the first address that has it."""
    addresses = _socket.getaddrinfo(host, port, type=_socket.SOCK_DGRAM)
    for index, (family, _, _, _, address) in enumerate(addresses):
        last = index == len(addresses) - 1
        sends = (
            tftp_transfer.MAX_SENDS if last else min(_SENDS_PER_ADDRESS, tftp_transfer.MAX_SENDS)
        )
        try:
            with Transfer(
                family, address, name, sends=sends, time_left=time_left, sleep=ctx.sleep
            ) as transfer:
                _copy(transfer, body, watch)
                return
        except (TransferFailed, OSError) as error:
            if last:
                raise
            ctx.log.info(f"GET error: {address[0]}: {_describe(error)}")


def _copy(transfer: Transfer, body: Body, watch: Watch) -> None:
    body.begin()
    watch.received = 0
    waiting = bytearray()
    for data in transfer.blocks():
        waiting += data
        watch.received += len(data)
        if len(waiting) >= _CHUNK:
            body.write(bytes(waiting))
            waiting.clear()
    body.write(bytes(waiting))


def _describe(error: BaseException) -> str:
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)


def _server_failure(request: Request, error: ServerError) -> Failure:
    if error.code == _FILE_NOT_FOUND:
        return NotFound(
            "IGN4221",
            f"resource not found: {request.name}",
            request.origin,
            hint=f"the TFTP server answers {error}; it looks for the path with its leading slash",
        )
    return Rejected(
        "IGN4222",
        f"failed to fetch resource: {request.name}",
        request.origin,
        hint=f"the TFTP server answers {error}",
    )


def _give_up(request: Request, tries: int, reason: str) -> Failure:
    return Failure(
        "IGN4223",
        f"failed to fetch resource: {request.name}: {reason}",
        request.origin,
        hint=f"the same after {tries} tries; ignition.wait.fetch= gives it longer",
    )


def _invalid_url(request: Request, why: str) -> Failure:
    return Failure(
        "IGN4220",
        f"no TFTP request can be made for this URL: {request.name}",
        request.origin,
        hint=f"{why}; write tftp://HOST/PATH or tftp://HOST:PORT/PATH",
    )
