# SPDX-License-Identifier: Apache-2.0
"""Alibaba Cloud: user data from the metadata service.

In security hardening mode the service answers 403 without a token.
Source: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
"""

from __future__ import annotations

from ignition.base.errors import Rejected
from ignition.resource import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

BASE = "http://100.100.100.200/latest"
TTL = ("X-aliyun-ecs-metadata-token-ttl-seconds", "300")


def fetch(ctx: FetchContext) -> bytes:
    """The user data; b"" if the instance has none."""
    try:
        return metadata.user_data(ctx, BASE + "/user-data")
    except Rejected as error:
        if error.status != 403:
            raise
    ctx.log.info("the metadata service requires a token")
    token = metadata.token(ctx, BASE + "/api/token", headers=[TTL])
    header = ("X-aliyun-ecs-metadata-token", token)
    return metadata.user_data(ctx, BASE + "/user-data", headers=[header])
