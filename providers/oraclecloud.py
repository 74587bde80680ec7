# SPDX-License-Identifier: Apache-2.0
"""Oracle Cloud: the base64 key `user_data` of the metadata service, version 2.

Source: https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm
"""

from __future__ import annotations

from ignition.resource import metadata
from ignition.resource.fetch import RequestOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

URL = "http://169.254.169.254/opc/v2/instance/metadata/user_data"
AUTHORIZATION = ("Authorization", "Bearer Oracle")
TOO_MANY_REQUESTS = 429


def fetch(ctx: FetchContext) -> bytes:
    """The decoded user data; b"" if the instance has none."""
    options = RequestOptions(retry_statuses=(TOO_MANY_REQUESTS,))
    data = metadata.user_data(ctx, URL, headers=[AUTHORIZATION], options=options)
    return metadata.decode_base64(ctx, data)
