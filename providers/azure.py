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
# Not ready yet, host under maintenance, too many requests: all three are temporary.
OPTIONS = RequestOptions(retry_statuses=(404, 410, 429))
FILESYSTEMS = ("udf",)
# The code of a fetch without an answer in time.
NO_ANSWER = "IGN4006"


def fetch(ctx: FetchContext) -> bytes:
    """The decoded user data, else the custom data from the DVD, else b"".

    If the service does not answer in time, a DVD is used only if it is there already.
    """
    try:
        data = metadata.get(ctx, URL, headers=[("Metadata", "true")], options=OPTIONS)
    except Failure as failure:
        # Do not ignore user data that exists but cannot be read.
        if failure.code != NO_ANSWER:
            raise
        custom = ovf_drive.fetch_now(ctx, FILESYSTEMS)
        if custom is None:
            raise
        ctx.log.warning(f"{failure.text}: using custom data from the DVD")
        return custom
    if data:
        return metadata.decode_base64(ctx, data)
    ctx.log.info("no user data: looking for custom data on a DVD")
    return ovf_drive.fetch(ctx, FILESYSTEMS)
