# SPDX-License-Identifier: Apache-2.0
"""Amazon EC2: user data from the instance metadata service, with a token (IMDSv2) where it gives one.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

from __future__ import annotations

from ignition.base.errors import NotFound
from ignition.resource import metadata
from ignition.system import addresses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

IPV4, IPV6 = "http://169.254.169.254", "http://[fd00:ec2::254]"
SESSION = "/latest/api/token"
USER_DATA = "/2019-10-01/user-data"
TTL = ("X-aws-ec2-metadata-token-ttl-seconds", "21600")


def fetch(ctx: FetchContext) -> bytes:
    """The raw user data; none for an instance without."""
    base = IPV6 if addresses.only_ipv6() else IPV4
    return metadata.user_data(ctx, base + USER_DATA, headers=_token(ctx, base))


def _token(ctx: FetchContext, base: str) -> list[tuple[str, str | None]]:
    """The header that proves a session; none for a service of the first version, which has no tokens."""
    try:
        token = metadata.token(ctx, base + SESSION, headers=[TTL])
    except NotFound:
        ctx.log.info("the metadata service has no tokens: falling back to IMDSv1")
        return []
    return [("X-aws-ec2-metadata-token", token)]
