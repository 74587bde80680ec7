# SPDX-License-Identifier: Apache-2.0
"""UpCloud: user data from the metadata service."""

from __future__ import annotations

from ignition.resource import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

URL = "http://169.254.169.254/metadata/v1/user_data"


def fetch(ctx: FetchContext) -> bytes:
    """The user data; b"" if the machine has none."""
    return metadata.user_data(ctx, URL)
