# SPDX-License-Identifier: Apache-2.0
"""data: URLs, whose bytes are in the URL itself."""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.config import dataurl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.body import Body
    from ignition.resource.context import FetchContext
    from ignition.resource.fetch import Request


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Decodes the URL. Validation has looked at it before, so a failure means an unchecked URL."""
    try:
        body.write(dataurl.decode(request.url))
    except ValueError as error:
        raise Failure("IGN4016", f"not a data URL: {error}", request.origin) from error
