# SPDX-License-Identifier: Apache-2.0
"""Scaleway: cloud-init user data, from a service that only answers to privileged source ports."""

from __future__ import annotations

from ignition.resource import metadata
from ignition.resource.fetch import RequestOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

URL = "http://169.254.42.42/user_data/cloud-init"


def fetch(ctx: FetchContext) -> bytes:
    """The user data; b"" if the instance has none."""
    return metadata.user_data(ctx, URL, options=RequestOptions(privileged_port=True))
