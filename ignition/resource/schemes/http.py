# SPDX-License-Identifier: Apache-2.0
"""http and https: retries, follows redirects and reads each body to its announced end.

What is retried, how long and with which headers is the same as in Ignition, except: ten redirects at most,
redirects keep the User-Agent and Accept headers, an interrupted download is resumed, and Retry-After is
honoured (docs/differences.md).
"""

from __future__ import annotations

import binascii
import http.client
from urllib.parse import urldefrag, urljoin

import requests
import urllib3

import ignition
from ignition.base.errors import Failure, NotFound, Rejected
from ignition.base.log import quote
from ignition.config import urls
from ignition.config.rules.headers import NOT_SENT, header_problem
from ignition.resource import proxy
from ignition.resource.backoff import Backoff
from ignition.resource.fetch import timeout_failure
from ignition.resource.schemes import http_client
from ignition.resource.schemes.http_body import TRANSPORT_ERRORS, BadBody, Download
from ignition.resource.schemes.http_time import parse_retry_after
from ignition.resource.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.body import Body
    from ignition.resource.context import FetchContext
    from ignition.resource.fetch import Request, RequestOptions

# The newest stable spec version.
ACCEPT = "application/vnd.coreos.ignition+json;version=3.6.0, */*;q=0.1"
CONNECT_TIMEOUT = 30.0
MAX_REDIRECTS = 10
# Ignition fails at the first incomplete body. Retries are bounded: a broken server must not block a boot.
MAX_BODY_FAILURES = 4
_REDIRECTS = (301, 302, 303, 307, 308)
_KEEP_METHOD = (307, 308)
_PORTS = {"http": 80, "https": 443}

# Errors that no retry can fix. They are also TRANSPORT_ERRORS or ValueErrors, so they are caught first.
_INVALID_REQUEST = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationValueError,
)


class _RetryLater(Exception):
    """A response that calls for a retry. `retry_after`: seconds the server asks to wait, or None."""

    def __init__(self, reason: str, retry_after: float | None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Fetches the resource into `body`, with the method and body of `request.options`.

    Retries with `Backoff` after every transport error, every status from 500 on, the statuses in
    `options.retry_statuses`, and 429 with Retry-After, until `ctx.time_limit()` has passed (IGN4006). A 404
    is NotFound (IGN4004), any other status except 200 and 204 is IGN4005. An incomplete body is resumed or
    fetched again; `MAX_BODY_FAILURES` attempts in a row without progress are IGN4007.
    """
    method = request.options.method
    limit = ctx.time_limit()
    deadline = request.deadline or ctx.deadline_after(limit)
    time_left = max(0.001, deadline - ctx.clock()) if deadline else 0.0
    backoff = Backoff()
    download = Download(request, body)
    failures = attempt = 0
    with Watch(ctx.progress, request.name, limit=time_left) as watch:
        while True:
            attempt += 1
            ctx.log.info(f"{method} {request.name}: attempt #{attempt}")
            delay = None
            try:
                return _attempt(ctx, request, _request_headers(request), download, deadline, watch)
            except _RetryLater as answer:
                reason, delay = str(answer), answer.retry_after
            except BadBody as error:
                reason = str(error)
                ctx.log.info(f"{method} error: {reason}")
                if download.made_progress():
                    failures = 0
                    backoff.reset()
                failures += 1
                if failures == MAX_BODY_FAILURES and not watch.expired:
                    raise _give_up(request, reason) from error
            except _INVALID_REQUEST as error:
                raise _invalid_request(request) from error
            except TRANSPORT_ERRORS as error:
                reason = http_client.describe_error(error)
                ctx.log.info(f"{method} error: {reason}")
            except (ValueError, OverflowError) as error:
                raise _invalid_request(request) from error
            watch.reason = reason
            left = max(0.0, deadline - ctx.clock()) if deadline else None
            if left != 0 and not watch.expired:
                ctx.sleep(backoff.next_delay(delay, left))
            if watch.expired or (deadline and ctx.clock() >= deadline):
                raise timeout_failure(request, limit, reason)


def _attempt(
    ctx: FetchContext,
    request: Request,
    headers: dict[str, str | bytes],
    download: Download,
    deadline: float,
    watch: Watch,
) -> None:
    """One attempt with its redirects. Raises _RetryLater, BadBody or one of TRANSPORT_ERRORS for a retry."""
    response, parts = _follow(ctx, request, headers, download, deadline, watch)
    with response:
        method, status = request.options.method, response.status_code
        phrase = http.client.responses.get(status, "")
        ctx.log.info(f"{method} result: {phrase or status}")
        delay = parse_retry_after(response.headers)
        if (
            status >= 500
            or status in request.options.retry_statuses
            or (status == 429 and delay is not None)
        ):
            reason = f"the server answers {status} {phrase}".rstrip()
            raise _RetryLater(f"{reason}, asking for {delay:g} s" if delay else reason, delay)
        if request.on_response is not None and request.on_response(response):
            return
        if not (download.range_requested and status in (206, 416)):
            _check_status(status, phrase, request)
        download.receive(response, parts, watch)


def _default_headers() -> dict[str, str | bytes]:
    return {
        "user-agent": f"Ignition/{ignition.__version__}",
        "accept": ACCEPT,
        "accept-encoding": "identity",
    }


def _request_headers(request: Request) -> dict[str, str | bytes]:
    """The default headers, overridden by those of the request. Of several with one name the last counts."""
    headers = _default_headers()
    new_headers = request.new_headers() if request.new_headers is not None else ()
    for name, value in (*request.headers, *new_headers):
        if value is None or not name:
            raise Failure(
                "IGN4015",
                "unable to parse HTTP header",
                request.origin,
                hint=f"give the header {quote(name)} a value, or remove it",
            )
        problem = header_problem(name, value)
        if problem:
            raise Failure(
                "IGN4040",
                f"{problem}: {request.name}",
                request.origin,
                hint="a name is letters, digits and hyphens; a value has no control characters",
            )
        if name.lower() not in NOT_SENT:
            headers[name.lower()] = value.strip(" \t").encode("utf-8", "surrogatepass")
    return headers


def _follow(
    ctx: FetchContext,
    request: Request,
    headers: dict[str, str | bytes],
    download: Download,
    deadline: float,
    watch: Watch,
) -> tuple[requests.Response, urls.Url]:
    """Follows redirects. Returns the first other response and its URL."""
    url, parts = request.url, request.parts
    method = request.options.method
    for _ in range(MAX_REDIRECTS + 1):
        sent = {**headers, **download.headers(parts)}
        response = _send(ctx, request.options, method, url, parts, sent, deadline, watch)
        location = response.headers.get("location")
        if response.status_code not in _REDIRECTS or not location:
            return response, parts
        response.close()
        target = _redirect_target(url, location, request)
        ctx.log.debug(f"{method} {parts.redacted()}: redirected to {target[1].redacted()}")
        # Any header of the request may be a credential, so a redirect target gets none of them.
        headers = _default_headers()
        if response.status_code not in _KEEP_METHOD and method != "HEAD":
            method = "GET"
        url, parts = target
    raise Failure(
        "IGN4013",
        f"more than {MAX_REDIRECTS} redirects: {request.name}",
        request.origin,
        hint="give the final URL in the config",
    )


def _redirect_target(url: str, location: str, request: Request) -> tuple[str, urls.Url]:
    try:
        # http.client decodes headers as Latin-1; servers send UTF-8.
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
    # requests reports an impossible port when it connects.
    return int(port) if len(str(port)) <= 5 else 0


def _send(
    ctx: FetchContext,
    options: RequestOptions,
    method: str,
    url: str,
    parts: urls.Url,
    headers: dict[str, str | bytes],
    deadline: float,
    watch: Watch,
) -> requests.Response:
    proxy_url = proxy.proxy_for(ctx.transport, parts.scheme, parts.hostname(), _port(parts))
    secure = parts.scheme == "https" or proxy_url.startswith("https:")
    adapter = http_client.adapter_for(ctx, secure=secure, privileged_port=options.privileged_port)
    if "%" in parts.host:  # the zone of a link-local address is local to this machine
        headers = {**headers, "host": parts.host.partition("%")[0] + "]"}
    left = max(0.001, deadline - ctx.clock()) if deadline else None
    connect = min(CONNECT_TIMEOUT, left or CONNECT_TIMEOUT)
    limits = [float(limit) for limit in (ctx.transport.headers, left) if limit]
    body = options.body if method == options.method else b""
    headers = {**_basic_auth(parts), **headers}
    # Without `auth`, requests takes user and password from the URL and overwrites an Authorization header of
    # the config. In Ignition the header wins.
    prepared = requests.Request(method, url, headers=headers, data=body, auth=_no_auth).prepare()
    try:
        # The adapter without a Session. Even with allow_redirects=False a Session reads the whole body of a
        # redirect, however long, and it keeps cookies, which Ignition does not.
        return http_client.send(
            adapter,
            prepared,
            watch,
            timeout=(connect, min(limits)) if limits else (connect, None),
            proxies={parts.scheme: proxy_url} if proxy_url else {},
            target=urls.request_target(url, parts),
        )
    except (
        requests.exceptions.InvalidHeader
    ) as error:  # of the response; the request passed prepare()
        raise BadBody("the response has several lengths") from error


def _basic_auth(parts: urls.Url) -> dict[str, str | bytes]:
    """The Authorization header for user and password of a URL."""
    if parts.userinfo is None:
        return {}
    name, _, password = parts.userinfo.partition(":")
    both = urls.unescape_bytes(name) + b":" + urls.unescape_bytes(password)
    return {"authorization": b"Basic " + binascii.b2a_base64(both, newline=False)}


def _no_auth(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared


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


def _give_up(request: Request, reason: str) -> Failure:
    return Failure(
        "IGN4007",
        f"failed to fetch resource: {request.name}: {reason}",
        request.origin,
        hint=f"{MAX_BODY_FAILURES} attempts in a row made no progress; nothing of the body is used",
    )


def _invalid_request(request: Request) -> Failure:
    """Failure for a URL that Go's parser accepts but that cannot be requested."""
    return Failure(
        "IGN4012",
        f"no request can be made for this URL and its headers: {request.name}",
        request.origin,
        hint="the host must be a name or an address, the port below 65536, headers plain text",
    )
