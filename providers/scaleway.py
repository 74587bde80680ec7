# SPDX-License-Identifier: Apache-2.0
"""Scaleway: user data for cloud-init, from a service that only answers to ports that take root."""

from __future__ import annotations

from ignition.resource import metadata
from ignition.resource.fetch import RequestOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

URL = "http://169.254.42.42/user_data/cloud-init"


def fetch(ctx: FetchContext) -> bytes:
    """The raw user data; none for an instance without."""
    return metadata.user_data(ctx, URL, options=RequestOptions(privileged_port=True))
