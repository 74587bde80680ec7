# SPDX-License-Identifier: Apache-2.0
"""Microsoft Azure: user data from the instance metadata service, else custom data from the provisioning DVD.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/user-data
"""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.providers import ovf_drive
from ignition.resource import metadata
from ignition.resource.fetch import RequestOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

URL = "http://169.254.169.254/metadata/instance/compute/userData?api-version=2021-01-01&format=text"
# Not there yet, gone while the host is maintained, too many requests: all three pass.
OPTIONS = RequestOptions(retry_statuses=(404, 410, 429))
FILESYSTEMS = ("udf",)
# How a fetch ends that had no answer in time.
NO_ANSWER = "IGN4006"


def fetch(ctx: FetchContext) -> bytes:
    """The decoded user data, or the custom data as it is, or nothing.

    Where the service does not answer in time, a DVD that is there counts, but none is waited for.
    """
    try:
        data = metadata.get(ctx, URL, headers=[("Metadata", "true")], options=OPTIONS)
    except Failure as failure:
        # User data that is there but cannot be had must not be passed over.
        if failure.code != NO_ANSWER:
            raise
        custom = ovf_drive.fetch_now(ctx, FILESYSTEMS)
        if custom is None:
            raise
        ctx.log.warning(f"{failure.text}: taking custom data from the DVD")
        return custom
    if data:
        return metadata.decode_base64(ctx, data)
    ctx.log.info("no user data: looking for custom data on a DVD")
    return ovf_drive.fetch(ctx, FILESYSTEMS)
