# SPDX-License-Identifier: Apache-2.0
"""Amazon EC2: user data from the instance metadata service.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

from __future__ import annotations

from ignition.resource import imds, metadata
from ignition.system import addresses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

USER_DATA = "/2019-10-01/user-data"


def fetch(ctx: FetchContext) -> bytes:
    """The user data; b"" if the instance has none."""
    base = imds.IPV6 if addresses.is_ipv6_only() else imds.IPV4
    return metadata.user_data(ctx, base + USER_DATA, headers=imds.session_header(ctx, base))
