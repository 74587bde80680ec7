# SPDX-License-Identifier: Apache-2.0
"""Akamai (Linode): user data from the metadata service, which requires a token.

Users upload base64, optionally of gzip. The service refuses an Accept header with a specific type.
Source: https://techdocs.akamai.com/cloud-computing/docs/metadata-service-api
"""

from __future__ import annotations

from ignition.resource import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = True

BASE = "http://169.254.169.254"
TOKEN_HEADERS = (("Accept", "text/plain"), ("Metadata-Token-Expiry-Seconds", "300"))


def fetch(ctx: FetchContext) -> bytes:
    """The decoded user data; b"" for an instance without user data."""
    token = metadata.token(ctx, BASE + "/v1/token", headers=TOKEN_HEADERS)
    headers = (("Metadata-Token", token), ("Accept", "*/*"))
    data = metadata.required_user_data(ctx, BASE + "/v1/user-data", headers=headers)
    return metadata.decompress(ctx, metadata.decode_base64(ctx, data))
