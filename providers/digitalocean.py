# SPDX-License-Identifier: Apache-2.0
"""DigitalOcean: user data from the droplet's metadata service.

Source: https://docs.digitalocean.com/reference/api/metadata/
"""

from __future__ import annotations

from ignition.resource import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

URL = "http://169.254.169.254/metadata/v1/user-data"


def fetch(ctx: FetchContext) -> bytes:
    """The user data; b"" for a droplet without user data."""
    return metadata.required_user_data(ctx, URL)
