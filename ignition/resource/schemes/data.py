# SPDX-License-Identifier: Apache-2.0
"""data: URLs, which contain the resource."""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.config import dataurl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.body import Body
    from ignition.resource.context import FetchContext
    from ignition.resource.fetch import Request


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Decodes the URL. Config validation has checked it already, so only URLs from elsewhere fail
    (IGN4016)."""
    try:
        body.write(dataurl.decode(request.url))
    except ValueError as error:
        raise Failure(
            "IGN4016", f"not a data URL: {error}", request.origin, hint=dataurl.HINT
        ) from error
