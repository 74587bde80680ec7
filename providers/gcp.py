# SPDX-License-Identifier: Apache-2.0
"""Google Compute Engine: the instance attribute `user-data`.

The address is a literal: a name could be poisoned by DHCP or DNS.
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
    """The raw attribute; none where the instance and its project have none."""
    return metadata.user_data(ctx, URL, headers=[FLAVOR])
