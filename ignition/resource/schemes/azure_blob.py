# SPDX-License-Identifier: Apache-2.0
"""https on Azure, where the host is a storage account: blobs, as the machine's managed identity.

Whatever fails about that is logged, and the blob is asked for as from any web server.
"""

from __future__ import annotations

from ignition.config import urls
from ignition.resource.schemes import bearer, http
from ignition.resource.schemes.bearer import NoToken
from ignition.resource.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.resource.body import Body
    from ignition.resource.context import FetchContext
    from ignition.resource.fetch import Request

RESOURCE = "https://storage.azure.com/.default"
# A token is understood since 2017; this is the version that the original's library began with.
VERSION = ("x-ms-version", "2019-12-12")
# Three tries of the metadata service in 8 s at most, even if it says nothing.
_TIMEOUTS: dict[str, Any] = {
    "retry_total": 2,
    "retry_status": 2,
    "retry_backoff_factor": 0.5,
    "timeout": bearer.LIMIT,
    "connection_timeout": 2,
    "read_timeout": 2,
}


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Gets the blob into `body`. Raises what the http scheme does."""
    if _carries_credentials(request):
        http.fetch(ctx, request, body)
    elif len(_segments(request)) != 2:
        ctx.log.info(
            f"{request.name}: invalid URL path, ensure url has a structure of /container/filename.ign;"
            " falling back to HTTP fetch"
        )
        http.fetch(ctx, request, body)
    else:
        given = {name.lower() for name, _ in request.headers}
        headers = () if VERSION[0] in given else (VERSION,)
        bearer.fetch(
            ctx, request, body, bearer.Authentication("azure blobs", _find_credential, headers)
        )


def _carries_credentials(request: Request) -> bool:
    """Whether the config itself says by what right it asks: by a header, or by a signed URL."""
    named = any(name.lower() == "authorization" for name, _ in request.headers)
    return named or bool(urls.query_values(request.parts.raw_query, "sig"))


def _segments(request: Request) -> list[str]:
    return [segment for segment in request.parts.path.split("/") if segment]


def _find_credential(ctx: FetchContext, end: float) -> bearer.TokenSource:
    try:
        from azure.core.exceptions import AzureError
        from azure.identity import CredentialUnavailableError, ManagedIdentityCredential

        _silence_loggers()
        # It imports the rest of itself here.
        credential = ManagedIdentityCredential(use_env_settings=False, **_TIMEOUTS)
    except ImportError as error:
        ctx.log.warning(
            f"azure-identity cannot be used ({error}): no blob is asked for by managed identity"
        )
        raise NoToken("azure-identity cannot be used here") from error

    def token(ctx: FetchContext, end: float) -> str:
        try:
            # The library ends its waits by itself, unless a byte comes now and then.
            with Watch(ctx.progress, "a token of this machine's identity"):
                return str(credential.get_token(RESOURCE).token)
        except CredentialUnavailableError as error:
            lines = error.message.strip().splitlines() or [""]
            raise NoToken(f"it has no managed identity ({lines[0][:200]})") from error
        # The texts of these may repeat what the service said.
        except (AzureError, ImportError, OSError, KeyError, TypeError, ValueError) as error:
            raise NoToken(f"no token can be had ({type(error).__name__})") from error

    return token


def _silence_loggers() -> None:
    """What the libraries log would end up on standard error, with addresses and headers."""
    import logging

    for name in ("azure", "msal"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
