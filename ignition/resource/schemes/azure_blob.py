# SPDX-License-Identifier: Apache-2.0
"""https URLs of Azure storage accounts, fetched on Azure with the machine's managed identity.

If there is no token or the account refuses it, the reason is logged and the blob is fetched anonymously.
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
# Tokens work since version 2017-11-09; this is the first version of the SDK that Ignition uses.
VERSION = ("x-ms-version", "2019-12-12")
# At most three attempts in 8 s, even if the metadata service does not answer.
_TIMEOUTS: dict[str, Any] = {
    "retry_total": 2,
    "retry_status": 2,
    "retry_backoff_factor": 0.5,
    "timeout": bearer.LIMIT,
    "connection_timeout": 2,
    "read_timeout": 2,
}


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Fetches the blob into `body`. Raises the failures of the http scheme."""
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
    """Whether the config itself authenticates the request, with a header or a signed URL."""
    named = any(name.lower() == "authorization" for name, _ in request.headers)
    return named or bool(urls.query_values(request.parts.raw_query, "sig"))


def _segments(request: Request) -> list[str]:
    return [segment for segment in request.parts.path.split("/") if segment]


def _find_credential(ctx: FetchContext, end: float) -> bearer.TokenSource:
    try:
        from azure.core.exceptions import AzureError
        from azure.identity import CredentialUnavailableError, ManagedIdentityCredential

        _silence_loggers()
        # The constructor imports the rest of the library.
        credential = ManagedIdentityCredential(use_env_settings=False, **_TIMEOUTS)
    except ImportError as error:
        ctx.log.warning(
            f"azure-identity cannot be used ({error}): blobs are fetched without the managed identity"
        )
        raise NoToken("azure-identity cannot be used here") from error

    def token(ctx: FetchContext, end: float) -> str:
        try:
            # The library has its own timeouts, but not against a server that sends a byte now and then.
            with Watch(ctx.progress, "a token of this machine's identity"):
                return str(credential.get_token(RESOURCE).token)
        except CredentialUnavailableError as error:
            lines = error.message.strip().splitlines() or [""]
            raise NoToken(f"it has no managed identity ({lines[0][:200]})") from error
        # Their messages may contain the response of the service, which may be secret.
        except (AzureError, ImportError, OSError, KeyError, TypeError, ValueError) as error:
            raise NoToken(f"cannot get a token ({type(error).__name__})") from error

    return token


def _silence_loggers() -> None:
    """Keeps the log of the libraries, with URLs and headers, off standard error."""
    import logging

    for name in ("azure", "msal"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
