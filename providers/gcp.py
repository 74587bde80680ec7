# SPDX-License-Identifier: Apache-2.0
"""Google Compute Engine: the instance attribute `user-data`.

Uses the address of the service, because DHCP or DNS could redirect its name.
Source: https://cloud.google.com/compute/docs/metadata/querying-metadata
"""

from __future__ import annotations

from ignition.resource import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

URL = "http://169.254.169.254/computeMetadata/v1/instance/attributes/user-data"
FLAVOR = ("Metadata-Flavor", "Google")


def fetch(ctx: FetchContext) -> bytes:
    """The attribute; b"" if neither the instance nor its project has it."""
    return metadata.user_data(ctx, URL, headers=[FLAVOR])
