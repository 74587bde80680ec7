# SPDX-License-Identifier: Apache-2.0
"""Session tokens of the EC2 instance metadata service (IMDSv2), with a fallback to IMDSv1.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""

from __future__ import annotations

from ignition.base.errors import NotFound
from ignition.resource import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

IPV4, IPV6 = "http://169.254.169.254", "http://[fd00:ec2::254]"
SESSION = "/latest/api/token"
TTL = ("X-aws-ec2-metadata-token-ttl-seconds", "21600")


def session_header(ctx: FetchContext, base: str) -> list[tuple[str, str | None]]:
    """The token header for further requests; empty if the service only speaks IMDSv1."""
    try:
        token = metadata.token(ctx, base + SESSION, headers=[TTL])
    except NotFound:
        ctx.log.info("the metadata service has no tokens: falling back to IMDSv1")
        return []
    return [("X-aws-ec2-metadata-token", token)]
