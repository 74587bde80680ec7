# SPDX-License-Identifier: Apache-2.0
"""http and https: tries until an answer comes, follows redirects, reads a body to its announced end.

What is retried, how long and with which headers is the original's (engine-run 5.1, platforms 1.6), but:
redirects end after ten, a header of the config is kept on the same origin and dropped on any other, and a
body that breaks off is fetched again a few times.
"""

from __future__ import annotations

import http.client
from urllib.parse import urldefrag, urljoin

import requests
import urllib3

import ignition
from ignition.base.errors import Failure, NotFound, Rejected
from ignition.config import urls
from ignition.resource import proxy
from ignition.resource.schemes import http_client
from ignition.resource.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.body import Body
    from ignition.resource.context import FetchContext
    from ignition.resource.fetch import Ask, Request

# The newest stable spec that configs may have.
ACCEPT = "application/vnd.coreos.ignition+json;version=3.6.0, */*;q=0.1"
CONNECT_TIMEOUT = 30.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
MOST_REDIRECTS = 10
# The original gives up when a body breaks off; a server that always breaks off must not hold a boot for ever.
BODY_TRIES = 4
_CHUNK = 256 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_KEEP_METHOD = (307, 308)
_PORTS = {"http": 80, "https": 443}

# All that can go wrong between here and the server. `requests` lets some of its library's own through.
_TRANSPORT_ERRORS = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
)


# What no try can mend. These are errors of the library that are also ValueErrors.
_IMPOSSIBLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationValueError,
)


class _Broken(Exception):
    """A body that is not what its headers announced."""


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Gets the resource into `body`; how the request is made is in `request.ask`.

    Tries again after every transport error and every status from 500 on, and those that the request names,
    after 0.2 s, doubling up to 5 s, until `ctx.limit()` is over (IGN4006). 404 is NotFound (IGN4004), another
    status but 200 and 204 IGN4005.
    """
    headers = _headers(request)
    method = request.ask.method
    limit = ctx.limit()
    deadline = ctx.clock() + limit if limit else 0.0
    pause = FIRST_PAUSE
    broken = attempt = 0
    with Watch(ctx.progress, request.name, limit=limit) as watch:
        while True:
            attempt += 1
            ctx.log.info(f"{method} {request.name}: attempt #{attempt}")
            try:
                with _follow(ctx, request, headers, deadline, watch) as response:
                    phrase = http.client.responses.get(response.status_code, "")
                    ctx.log.info(f"{method} result: {phrase or response.status_code}")
                    status = response.status_code
                    if status < 500 and status not in request.ask.retry:
                        _check_status(status, phrase, request)
                        _read(response, body)
                        return
                    reason = f"the server answers {status} {phrase}".rstrip()
            except _Broken as error:
                broken += 1
                reason = str(error)
                ctx.log.info(f"{method} error: {reason}")
                if broken == BODY_TRIES and not watch.expired:
                    raise _gave_up(request, reason) from error
            except _IMPOSSIBLE as error:
                raise _impossible(request) from error
            except _TRANSPORT_ERRORS as error:
                reason = http_client.reason(error)
                ctx.log.info(f"{method} error: {reason}")
            except (ValueError, OverflowError) as error:
                raise _impossible(request) from error
            watch.reason = reason
            left = deadline - ctx.clock() if deadline else pause
            if left > 0 and not watch.expired:
                ctx.sleep(min(pause, left))
            if watch.expired or (deadline and ctx.clock() >= deadline):
                raise _too_late(request, limit, reason)
            pause = min(pause * 2, LONGEST_PAUSE)


def _headers(request: Request, *, stranger: bool = False) -> dict[str, str | bytes]:
    """What is sent: our headers, and over them those of the config, of one name the last.

    Any header of the config may be a credential, so a stranger (another origin) gets none of them.
    """
    headers: dict[str, str | bytes] = {
        "user-agent": f"Ignition/{ignition.__version__}",
        "accept": ACCEPT,
        "accept-encoding": "identity",
    }
    for name, value in () if stranger else request.headers:
        if value is None or not name:
            raise Failure(
                "IGN4015",
                "unable to parse HTTP header",
                request.origin,
                hint=f"give the header {name!r} a value, or take it out",
            )
        if name.lower() != "host":  # the host is the URL's
            headers[name.lower()] = value.encode("utf-8", "surrogatepass")
    return headers


def _follow(
    ctx: FetchContext,
    request: Request,
    headers: dict[str, str | bytes],
    deadline: float,
    watch: Watch,
) -> requests.Response:
    """The first answer that is no redirect."""
    url, parts = request.url, request.parts
    method = request.ask.method
    for _ in range(MOST_REDIRECTS + 1):
        response = _send(ctx, request.ask, method, url, parts, headers, deadline, watch)
        location = response.headers.get("location")
        if response.status_code not in _REDIRECTS or not location:
            return response
        response.close()
        target = _target(url, location, request)
        ctx.log.debug(f"{method} {parts.redacted()}: redirected to {target[1].redacted()}")
        if _origin(target[1]) != _origin(parts):
            headers = _headers(request, stranger=True)
        if response.status_code not in _KEEP_METHOD:
            method = "GET"
        url, parts = target
    raise Failure(
        "IGN4013",
        f"more than {MOST_REDIRECTS} redirects: {request.name}",
        request.origin,
        hint="give the URL to which they should lead",
    )


def _target(url: str, location: str, request: Request) -> tuple[str, urls.Url]:
    try:
        # http.client reads headers as Latin-1; servers write UTF-8.
        location = location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        pass
    try:
        target = urldefrag(urljoin(url, location)).url
        parts = urls.parse(target)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in _PORTS or not parts.host:
        raise Failure(
            "IGN4014",
            f"redirected to something that is not an http or https URL: {request.name}",
            request.origin,
        )
    return target, parts


def _port(parts: urls.Url) -> int:
    port = parts.port() or _PORTS[parts.scheme]
    # Longer ones are no ports; the library refuses them when it comes to connecting.
    return int(port) if len(str(port)) <= 5 else 0


def _origin(parts: urls.Url) -> tuple[str, str, int]:
    return parts.scheme, parts.hostname().lower(), _port(parts)


def _send(
    ctx: FetchContext,
    ask: Ask,
    method: str,
    url: str,
    parts: urls.Url,
    headers: dict[str, str | bytes],
    deadline: float,
    watch: Watch,
) -> requests.Response:
    through = proxy.choose(ctx.transport, parts.scheme, parts.hostname(), _port(parts))
    secure = parts.scheme == "https" or through.startswith("https:")
    client = http_client.client(ctx, secure=secure, low_port=ask.low_port)
    if "%" in parts.host:  # the zone of an address means nothing to its server
        headers = {**headers, "host": parts.host.partition("%")[0] + "]"}
    left = max(0.001, deadline - ctx.clock()) if deadline else None
    connect = min(CONNECT_TIMEOUT, left or CONNECT_TIMEOUT)
    limits = [float(limit) for limit in (ctx.transport.headers, left) if limit]
    # The adapter itself, not a session: that would read the body of a redirect whole, keep cookies, and ask
    # the environment for proxies and the home folder for passwords.
    return http_client.send(
        client,
        requests.Request(
            method, url, headers=headers, data=ask.body if method == ask.method else b""
        ).prepare(),
        watch,
        timeout=(connect, min(limits)) if limits else (connect, None),
        proxies={parts.scheme: through} if through else {},
    )


def _check_status(status: int, phrase: str, request: Request) -> None:
    if status in (200, 204):
        return
    if status == 404:
        raise NotFound(
            "IGN4004",
            f"resource not found: {request.name}",
            request.origin,
            hint="the server answers 404 Not Found",
        )
    hint = f"the server answers {status} {phrase}".rstrip()
    rejected = Rejected(
        "IGN4005", f"failed to fetch resource: {request.name}", request.origin, hint=hint
    )
    rejected.status = status
    raise rejected


def _read(response: requests.Response, body: Body) -> None:
    """The body from begin to end. _Broken if it has another length than announced."""
    announced = _length(response)
    read = http_client.body_reader(response)
    body.begin()
    got = 0
    try:
        while chunk := read(_CHUNK):
            got += len(chunk)
            body.write(chunk)
    except _TRANSPORT_ERRORS as error:
        raise _Broken(
            f"the answer breaks off after {got} bytes: {http_client.reason(error)}"
        ) from error
    if announced is not None and got != announced:
        raise _Broken(f"the answer breaks off after {got} of {announced} bytes")


def _length(response: requests.Response) -> int | None:
    """The length that the headers announce. None if they need not: chunks, or until the connection ends."""
    text = response.headers.get("content-length")
    if response.status_code == 204 or text is None or "transfer-encoding" in response.headers:
        return None
    lengths = {part.strip() for part in text.split(",")}
    length = lengths.pop()
    # 18 digits are more than any body has; Python refuses to read thousands.
    if lengths or not (length.isascii() and length.isdigit() and len(length) <= 18):
        raise _Broken("the answer announces a length that is no number")
    return int(length)


def _too_late(request: Request, limit: float, reason: str) -> Failure:
    return Failure(
        "IGN4006",
        f"unable to fetch resource in time: {request.name}",
        request.origin,
        hint=f"gave up after {limit:g} s; last: {reason}",
    )


def _gave_up(request: Request, reason: str) -> Failure:
    return Failure(
        "IGN4007",
        f"failed to fetch resource: {request.name}: {reason}",
        request.origin,
        hint=f"the same after {BODY_TRIES} tries; nothing of it is used",
    )


def _impossible(request: Request) -> Failure:
    """The URL passes for Go's parser, and yet no request can be made of it."""
    return Failure(
        "IGN4012",
        f"no request can be made for this URL and its headers: {request.name}",
        request.origin,
        hint="the host must be a name or an address, the port below 65536, headers plain text",
    )
