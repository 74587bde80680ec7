# SPDX-License-Identifier: Apache-2.0
"""gs: objects of Google Cloud Storage, with the machine's service account on Google Cloud, else anonymously.

google-auth gets the token from the metadata server; the http scheme fetches the object.
"""

from __future__ import annotations

import http.client
from urllib.parse import quote

from ignition.base.errors import Failure, NotFound
from ignition.config import urls
from ignition.resource import metadata
from ignition.resource.fetch import Request, RequestOptions
from ignition.resource.schemes import bearer
from ignition.resource.schemes.bearer import NoToken
from ignition.resource.schemes.http_response import StrictResponse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ignition.resource.body import Body
    from ignition.resource.context import FetchContext

API = "https://storage.googleapis.com/storage/v1/b"
# The address, because DHCP or DNS could redirect the name.
SERVER = "http://169.254.169.254"
SERVER_BY_NAME = "http://metadata.google.internal"
SCOPES = f"{SERVER}/computeMetadata/v1/instance/service-accounts/default/scopes"
READ_ONLY = "https://www.googleapis.com/auth/devstorage.read_only"
_FLAVOR = ("Metadata-Flavor", "Google")
# Seconds that a machine elsewhere may spend on asking whether it runs on Google Cloud.
PROBE_TIMEOUT = 0.5


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Fetches the object into `body`. IGN4240 for a URL without an object, else the failures of http."""
    url = _url(request)
    asked = Request(url, urls.parse(url), request.name, (), request.origin)
    bearer.fetch(ctx, asked, body, bearer.Authentication("gs", _find_credentials))


def _url(request: Request) -> str:
    """The URL of the object in the JSON API, where its whole name is one path segment."""
    bucket = request.parts.host
    name = urls.unescape_bytes(request.parts.path).lstrip(b"/")
    if not bucket or not name:
        raise Failure(
            "IGN4240",
            f"this URL names no object: {request.name}",
            request.origin,
            hint="write gs://BUCKET/OBJECT",
        )
    return f"{API}/{quote(bucket, safe='')}/o/{quote(name, safe='')}?alt=media"


def _find_credentials(ctx: FetchContext, end: float) -> bearer.TokenSource:
    if not _on_google_cloud(ctx):
        raise NoToken("it is not on Google's cloud")
    try:
        metadata.get(ctx.for_metadata_service(end), SCOPES, headers=[_FLAVOR])
    except NotFound:
        raise NoToken("it has no service account") from None
    except Failure as failure:
        raise NoToken(f"{failure.text}: {failure.hint}") from failure
    try:
        from google.auth import compute_engine, exceptions

        credentials = compute_engine.Credentials(scopes=[READ_ONLY])
    except (ImportError, TypeError) as error:  # TypeError: google-auth before 2.0
        ctx.log.warning(
            f"google-auth cannot be used ({error}): objects are fetched without the service account"
        )
        raise NoToken("google-auth cannot be used here") from error

    def token(ctx: FetchContext, end: float) -> str:
        if not credentials.valid:
            try:
                credentials.refresh(_transport(ctx, end))
            except Failure as failure:
                raise NoToken(f"{failure.text}: {failure.hint}") from failure
            # The library does not validate all responses, and its messages contain them.
            except (
                exceptions.GoogleAuthError,
                ImportError,
                KeyError,
                OverflowError,
                RecursionError,
                TypeError,
                ValueError,
            ) as error:
                raise NoToken("the metadata server returned no usable token") from error
        return str(credentials.token)

    return token


def _on_google_cloud(ctx: FetchContext) -> bool:
    """Whether this machine runs on Google Cloud: by its firmware, or by the server at the metadata
    address."""
    try:
        with open(
            f"{ctx.settings.dmi_dir}/product_name", encoding="utf-8", errors="replace"
        ) as file:
            if file.read(64).startswith("Google"):
                return True
    except OSError:
        pass
    server = urls.parse(metadata.service_url(ctx, SERVER + "/"))
    port = int(server.port() or 80)
    connection = http.client.HTTPConnection(server.hostname(), port, timeout=PROBE_TIMEOUT)
    connection.response_class = StrictResponse
    try:
        connection.request("GET", "/", headers=dict([_FLAVOR]))
        return connection.getresponse().getheader(_FLAVOR[0]) == _FLAVOR[1]
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class _Response:
    """A response of google-auth's transport interface. It only requests JSON."""

    status = 200
    headers: Mapping[str, str] = {"content-type": "application/json"}

    def __init__(self, data: bytes) -> None:
        self.data = data


def _transport(ctx: FetchContext, end: float) -> Callable[..., _Response]:
    """A transport for google-auth that uses our retries and limits."""
    metadata_ctx = ctx.for_metadata_service(end)

    def request(
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> _Response:
        url = url.replace(SERVER_BY_NAME, SERVER, 1)
        headers = headers or {}
        return _Response(
            metadata.get(
                metadata_ctx,
                url,
                headers=list(headers.items()),
                options=RequestOptions(method, body or b""),
            )
        )

    return request
