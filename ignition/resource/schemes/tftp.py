# SPDX-License-Identifier: Apache-2.0
"""tftp: files from a network boot server.

As in Ignition, except: an IPv6 address needs no port, all addresses of a name are tried, and transfers that
fail without an error packet are retried.
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
# Without a time limit, retry for at least this many seconds and attempts: a network may come up late, but a
# broken server must not block a boot for ever. Ignition fails after 30 to 35 s of silence, and at once if a
# name does not resolve.
MIN_RETRY_TIME = 120.0
MIN_ATTEMPTS = 4
# Packets sent to an address while the server has other addresses to try.
_SENDS_PER_ADDRESS = 2
_FILE_NOT_FOUND = 1
_CHUNK = 64 * 1024


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Fetches the file into `body`.

    An error packet is final: NotFound IGN4221, Rejected IGN4222. Everything else is retried with `Backoff`
    until `ctx.time_limit()` has passed (IGN4006), or without a limit for two minutes and four attempts
    (IGN4223). Every attempt resolves the name again. Only `ignition.wait.fetch=` interrupts a transfer in
    progress: in Ignition the config's total timeout does not apply to tftp.
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
    """Host, port and file name. The name is the path with its leading slash, as Ignition sends it."""
    host = request.parts.hostname()
    port = request.parts.port() or str(PORT)
    if not host:
        raise _invalid_url(request, "it has no host")
    # Check the length first: int() refuses thousands of digits.
    if len(port) > 5 or not 0 < int(port) < 65536:
        raise _invalid_url(request, "its port is invalid")
    name = urls.unescape_bytes(request.parts.path)
    if b"\0" in name:
        raise _invalid_url(request, "its path has a NUL byte, which would end the file name")
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
    """One attempt: the file from the first address that serves it."""
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
        hint=f"gave up after {tries} attempts; ignition.wait.fetch= allows more time",
    )


def _invalid_url(request: Request, why: str) -> Failure:
    return Failure(
        "IGN4220",
        f"no TFTP request can be made for this URL: {request.name}",
        request.origin,
        hint=f"{why}; write tftp://HOST/PATH or tftp://HOST:PORT/PATH",
    )
